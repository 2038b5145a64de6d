import { numberIn } from './emitted.ts';
import type { Pipeline, Rule } from './rule.ts';

export const streamRetries: Rule = {
  id: 'stream-retries',
  refuses: 'a stream event source that retries without bound',
  because: 'One batch that always fails would hold up its shard until its records expire, and everything behind them.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html',
  mend: 'Set `retryAttempts` from 0 to 10000.',

  *check(pipeline) {
    for (const { mapping } of streamSources(pipeline)) {
      if (numberIn(mapping.properties.MaximumRetryAttempts, -1) !== -1) continue;
      yield { at: mapping.construct, found: 'The event source retries a batch for as long as the stream keeps it' };
    }
  },
};

export const failureDestination: Rule = {
  id: 'failure-destination',
  refuses: 'a stream event source without a failure destination',
  because: 'What it gives up after its retries would vanish without a trace.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html',
  mend: "Set `onFailure`, best to the ledger's quarantine bucket: a queue or a topic gets no payload.",

  *check(pipeline) {
    for (const { mapping } of streamSources(pipeline)) {
      if (destinationIn(mapping.properties.DestinationConfig)) continue;
      yield { at: mapping.construct, found: 'The event source has nowhere to put what it gives up' };
    }
  },
};

/** The event sources on Kinesis streams and on tables. */
function streamSources({ sources }: Pipeline) {
  return sources.filter(({ kind }) => kind === 'stream' || kind === 'table');
}

function destinationIn(config: unknown): unknown {
  const { OnFailure } = (config ?? {}) as { OnFailure?: { Destination?: unknown } };
  return OnFailure?.Destination;
}
