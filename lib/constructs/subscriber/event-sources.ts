import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { grantKeyUse } from '../aws/encryption.ts';
import { allow, CONSUME, READ_STREAM, roleOf } from '../aws/grants.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { allowDiscarding, streamSourceOptions } from '../ledger/quarantine.ts';
import type { DeploymentOptions } from './subscriber-props.ts';

// The sources live below the handler, not below the subscriber: in two stacks, the handler's refers to the subscriber's
// (by its variables), and one more reference the other way round would be a cycle.

const QUEUE_SOURCE = 'WaybillQueue';

type QueueSourceOptions = Pick<DeploymentOptions<[]>, 'batchSize' | 'maxBatchingWindow' | 'maxConcurrency'>;

/**
 * Makes the handler consume the queue, and set when what failed comes again.
 *
 * @param target what is invoked: the handler, an alias or a version of it
 */
export function consumeQueue(
  handler: lambda.Function,
  queue: IQueue,
  options: QueueSourceOptions,
  target: lambda.IFunction = handler,
): lambda.EventSourceMapping {
  allow(handler, [...CONSUME, 'sqs:ChangeMessageVisibility'], queue.queueArn);
  return new lambda.EventSourceMapping(handler, QUEUE_SOURCE, {
    target,
    eventSourceArn: queue.queueArn,
    batchSize: options.batchSize ?? 10,
    maxBatchingWindow: options.maxBatchingWindow,
    maxConcurrency: options.maxConcurrency,
    reportBatchItemFailures: true,
  });
}

/** Whether the function consumes a queue of Waybill's already. */
export function isConsuming(handler: lambda.Function): boolean {
  return handler.node.tryFindChild(QUEUE_SOURCE) !== undefined;
}

type StreamSourceOptions = Pick<DeploymentOptions<[]>, 'batchSize' | 'maxBatchingWindow' | 'parallelizationFactor'>;

/** Makes the handler consume the stream. `target` is what is invoked: the handler, an alias or a version of it. */
export function consumeStream(
  handler: lambda.Function,
  stream: IStream,
  ledger: ILedger,
  options: StreamSourceOptions,
  target: lambda.IFunction,
): lambda.EventSourceMapping {
  allow(handler, READ_STREAM, stream.streamArn);
  if (stream.encryptionKey !== ledger.encryptionKey) grantKeyUse(stream.encryptionKey, handler);
  const source = new lambda.EventSourceMapping(handler, 'WaybillStream', {
    target,
    eventSourceArn: stream.streamArn,
    ...streamSourceOptions(ledger.quarantineBucket),
    batchSize: options.batchSize ?? 100,
    maxBatchingWindow: options.maxBatchingWindow,
    parallelizationFactor: options.parallelizationFactor,
    // The run time parks what fails, so a batch fails only where parking itself does.
    retryAttempts: 10,
    reportBatchItemFailures: true,
  });
  source.node.addDependency(allowDiscarding(handler, roleOf(handler), ledger.quarantineBucket));
  return source;
}
