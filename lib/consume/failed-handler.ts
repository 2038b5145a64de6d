import { describeError, isPassingServiceError } from '../aws/errors.ts';
import type { InboundRecord } from '../aws/record.ts';
import { CircuitOpen, hasCode, isWaybillError, NotRetryable, safely } from '../contract/errors.ts';
import type { Envelope } from '../message/envelope.ts';
import { countAttempt, deadLetter, hold, postpone } from './failure.ts';
import type { Invocation, Outcome } from './invocation.ts';
import { isAwaitingDeploy } from './read-record.ts';

/** Whether no handler may run but for a probe. */
export function isPaused({ circuit, probe }: Invocation): boolean {
  return circuit?.isOpen === true && !probe;
}

/** A record that comes again when the circuit may have closed, uncounted. */
export function pause(invocation: Invocation, record: InboundRecord, envelope: Envelope): Promise<Outcome> {
  const wait = invocation.circuit?.wait ?? 0;
  return postpone(invocation, record, envelope, new CircuitOpen(invocation.subscriber.name, wait));
}

/** Tells the circuit what the handler has failed with. A message that fails when the circuit is open has made no attempt. */
export async function afterHandler(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  error: unknown,
): Promise<Outcome> {
  const { circuit, probe, trips } = invocation;
  // What `run` throws as not done tells of the service as any other error of its does.
  const isForeign = !isWaybillError(error) || hasCode(error, 'effect-not-done');
  const says = isForeign && !saysNothing(error) && (safely(() => trips(error)) ?? true);
  if (!circuit || !says) {
    // Nothing was asked of the service.
    if (probe && hasCode(error, 'effect-in-progress')) probe.ran = false;
    circuit?.ran();
    return fail(invocation, record, envelope, error);
  }
  if (probe) {
    probe.tripped = true;
    return pause(invocation, record, envelope);
  }
  await circuit.tripped(envelope.id, error);
  return circuit.isOpen ? pause(invocation, record, envelope) : fail(invocation, record, envelope, error);
}

/** Counts the attempt, unless the failure says nothing about the message, or no other attempt can mend it. */
export async function fail(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  error: unknown,
): Promise<Outcome> {
  if (saysNothing(error)) return postpone(invocation, record, envelope, error);
  const held = await hold(invocation, record, envelope);
  if (held) return held;
  if (isWaybillError(error) || (safely(() => invocation.retryable(error)) ?? true)) {
    return countAttempt(invocation, record, envelope, error);
  }
  const lasting = new NotRetryable(`No other attempt mends it: ${describeError(error)}`, { cause: error });
  return deadLetter(invocation, record, lasting, envelope);
}

/** Whether a failure says something about the moment alone, and nothing about the message. */
function saysNothing(error: unknown): boolean {
  return (
    hasCode(error, 'commit-undecided') ||
    hasCode(error, 'retry-later') ||
    hasCode(error, 'effect-in-progress') ||
    hasCode(error, 'not-registered') ||
    isAwaitingDeploy(error) ||
    isPassingServiceError(error)
  );
}
