import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { bindingsOf } from '../aws/bindings.ts';
import { type Environment, environmentOf, type GivenContext, quietly, type Sender } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { fromQueue, textOf } from '../aws/record.ts';
import { backOff, type QueueRecord } from '../aws/visibility.ts';
import { MalformedMessage } from '../contract/errors.ts';
import { readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { ownQueueUrl } from '../ledger/rows/route.ts';
import { controlMessageIn, sendControl } from './control-message.ts';
import { setConcurrency } from './set-concurrency.ts';
import { CircuitStep } from './step.ts';

/** The Lambda handler of the control queue. */
export type Controller = (event: SQSEvent, context?: GivenContext) => Promise<SQSBatchResponse>;

export interface ControllerOptions {
  /** By which event sources are switched, and functions invoked: a probe lasts as long as its handler does, and is not made twice. */
  readonly lambda: (environment: Environment) => Sender<LambdaClient>;
}

/** What has failed, is tried again so many seconds later. */
const AGAIN_SECONDS = 5;
/** A control message that was received so often is sent anew, before SQS gives it up. */
const MOST_RECEIVES = 500;

/**
 * The controller: looks after the circuits that are not closed. It switches event sources off and on, tries messages one by one
 * when the time has come, and lets a subscriber that is well again take on its whole load by and by. A control message is the
 * clock of one circuit: it comes back by its visibility until nothing is left to do. What scalers want is set here too, so
 * that nobody else changes an event source.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function createController({ lambda }: ControllerOptions): Controller {
  return async (event, context = {}) => {
    const environment = environmentOf(context);
    const records: unknown = event?.Records;
    if (!Array.isArray(records)) {
      throw new MalformedMessage('The event is no batch of SQS records: check the event source of this function');
    }
    const ledger = ledgerOf(environment);
    const controlQueueUrl = bindingsOf(environment).get('controlQueueUrl');
    return summarize(environment, 'controller', { records: records.length }, async (counts) => {
      const again: { readonly record: QueueRecord; readonly delaySeconds: number }[] = [];
      for (const record of event.Records.map(fromQueue)) {
        const delaySeconds = await lookAfter(ledger, lambda(environment), record, counts);
        if (delaySeconds !== undefined) again.push({ record, delaySeconds });
      }
      await backOff(environment, controlQueueUrl, again);
      return { batchItemFailures: again.map(({ record }) => ({ itemIdentifier: record.eventId })) };
    });
  };
}

/** Takes a circuit one step on, or sets what a scaler wants. Answers with the seconds after which to look again, if it has to be. Never throws. */
async function lookAfter(
  ledger: Ledger,
  lambda: Sender<LambdaClient>,
  record: QueueRecord,
  counts: Counts,
): Promise<number | undefined> {
  const { environment } = ledger;
  let subscriber: string | undefined;
  try {
    const message = controlMessageIn(textOf(record));
    subscriber = 'scale' in message ? message.scale : message.circuit;
    const { routes } = await readGraph(ledger);
    const route = routes.find((one) => one.subscriber === subscriber);
    // Its subscriber is gone, and its event sources with it.
    if (!route) return undefined;
    const streamName = route.destination.kind === 'stream' ? route.destination.name : undefined;
    const of = { ledger, clients: { environment, lambda }, subscriber, queueUrl: ownQueueUrl(route.destination) };
    if ('scale' in message) {
      const busy = await setConcurrency({ ...of, streamName });
      // The scaler asks again.
      return record.deliveries < MOST_RECEIVES ? busy : undefined;
    }
    const step = new CircuitStep({
      ...of,
      isStream: streamName !== undefined,
      owner: record.eventId,
      receives: record.deliveries,
      counts,
    });
    const wait = await step.take();
    if (wait === undefined || record.deliveries < MOST_RECEIVES) return wait;
    // Another message finds the circuit in nobody's hands: otherwise it would leave it to this one, which ends here.
    await step.release();
    await sendControl(environment, bindingsOf(environment).get('controlQueueUrl'), message);
    return undefined;
  } catch (error) {
    quietly(() => environment.log.error('circuit not looked after', { subscriber, ...errorTrace(error) }));
    counts.add('failed');
    return AGAIN_SECONDS;
  }
}
