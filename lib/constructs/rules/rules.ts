import { backstop } from './backstop.ts';
import { breakerHorizon, probeTime } from './breaker-horizon.ts';
import { breakerRights } from './breaker-rights.ts';
import { competingConsumer } from './competing-consumer.ts';
import { deadLetterRetention } from './dead-letter-retention.ts';
import { dedupLife } from './dedup-life.ts';
import { eventDefinedTwice } from './event-defined-twice.ts';
import { eventFilter } from './event-filter.ts';
import { channelWithoutSubscriber, eventNotOnChannel, eventWithoutChannel } from './events.ts';
import { fifoQueues } from './fifo-queues.ts';
import { formatReaders } from './format-readers.ts';
import { handshakeWithoutReconciler } from './handshake-without-reconciler.ts';
import { effectHorizon, keyedEffectCancel } from './keyed-effects.ts';
import { ledgerReaders } from './ledger-readers.ts';
import { ledgerRemoval } from './ledger-removal.ts';
import { partialBatchResponse } from './partial-batch-response.ts';
import { redriveRights } from './redrive-rights.ts';
import { renamedSubscriber } from './renamed-subscriber.ts';
import { reservedConcurrency } from './reserved-concurrency.ts';
import { retryHorizon } from './retry-horizon.ts';
import type { Rule } from './rule.ts';
import { sagaRetries, sagaWait, sagaWithin } from './saga-within.ts';
import { scalerPollers, scalerRights } from './scaler-rights.ts';
import { stackResources } from './stack-resources.ts';
import { startingPosition } from './starting-position.ts';
import { failureDestination, streamRetries } from './stream-failures.ts';
import { streamRetention } from './stream-retention.ts';
import { visibilityTimeout } from './visibility-timeout.ts';

/** Every rule, in the order of docs/guarantees.md. */
export const RULES: readonly Rule[] = [
  dedupLife,
  retryHorizon,
  effectHorizon,
  keyedEffectCancel,
  deadLetterRetention,
  backstop,
  fifoQueues,
  visibilityTimeout,
  redriveRights,
  breakerRights,
  breakerHorizon,
  probeTime,
  scalerRights,
  scalerPollers,
  partialBatchResponse,
  competingConsumer,
  eventFilter,
  startingPosition,
  streamRetries,
  failureDestination,
  streamRetention,
  ledgerReaders,
  eventWithoutChannel,
  eventNotOnChannel,
  eventDefinedTwice,
  formatReaders,
  handshakeWithoutReconciler,
  reservedConcurrency,
  ledgerRemoval,
  stackResources,
  renamedSubscriber,
  channelWithoutSubscriber,
  sagaWithin,
  sagaRetries,
  sagaWait,
];
