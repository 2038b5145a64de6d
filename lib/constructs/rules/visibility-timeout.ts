import { numberIn, pathOf } from './emitted.ts';
import { timeoutOf } from './event-source.ts';
import type { Rule } from './rule.ts';

const TIMEOUTS = 6;

export const visibilityTimeout: Rule = {
  id: 'visibility-timeout',
  refuses:
    'a queue whose visibility timeout is below six times the timeout of the function that consumes it, plus the ' +
    'batching window',
  because: 'A message would return to the queue while it is still being handled, and be delivered again.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html',
  mend: "Raise the queue's visibility timeout, or shorten the function's timeout or the batching window.",
  unknown: 'the visibility timeout of a queue of another app (a warning)',

  *check({ sources }) {
    for (const { kind, mapping, function: target, origin, arn } of sources) {
      if (kind !== 'queue') continue;
      const timeout = timeoutOf(target);
      const window = numberIn(mapping.properties.MaximumBatchingWindowInSeconds, 0);
      const needed = timeout === undefined || window === undefined ? undefined : TIMEOUTS * timeout + window;
      const visible = origin && numberIn(origin.properties.VisibilityTimeout, 30);
      const consumer = pathOf(target.construct);
      if (!origin || visible === undefined || needed === undefined) {
        const seconds = needed === undefined ? 'six times its timeout, and its batching window' : `${needed} s`;
        const queue = origin ? pathOf(origin.construct) : arn;
        const found = `Check '${queue}': nothing here tells how long it hides a message; '${consumer}' needs ${seconds}`;
        yield { at: mapping.construct, found, unknown: 'warn' };
      } else if (visible < needed) {
        const found =
          `The queue hides a message for ${visible} s, but '${consumer}' may take ${timeout} s and ` +
          `its batches wait ${window} s: it needs ${needed} s`;
        yield { at: origin.construct, found };
      }
    }
  },
};
