import { ConditionFailed, LimitExceeded } from '../contract/errors.ts';
import { type CircuitChange, changeCircuit, readCircuit } from '../ledger/circuit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CircuitRow } from '../ledger/rows/circuit.ts';
import { sendControl } from './control-message.ts';

/** What an operator asks of a subscriber's circuit. */
export type Operation = 'pause' | 'resume' | 'probe';

/** Concurrency with which a subscriber goes on that was paused. */
const RAMP_FROM = 2;

/**
 * Changes a circuit as an operator asks. `pause` stops the handler until `resume`, which has it take on its load by and by;
 * `probe` tries the next messages of an open circuit now.
 *
 * @returns the circuit as it is now
 * @throws LimitExceeded when a circuit is to be probed that is closed: there is nothing to try
 * @throws ConditionFailed when another changed it at the same time: ask again
 * @throws SendFailed when the control queue does not take the message; nothing was changed
 */
export async function operate(
  ledger: Ledger,
  subscriber: string,
  operation: Operation,
  controlQueueUrl: string,
): Promise<CircuitRow> {
  const row = await readCircuit(ledger, subscriber);
  const isOpen = (row?.state ?? 'closed') !== 'closed';
  if (operation === 'probe' && !isOpen) {
    throw new LimitExceeded(`The circuit of '${subscriber}' is closed: all its messages are handled`);
  }
  if (operation === 'resume' && row && !isOpen) return row;
  await sendControl(ledger.environment, controlQueueUrl, { circuit: subscriber });
  // Another control message takes the circuit over at once.
  const anew = { owner: undefined, ownedUntil: undefined };
  const changed = await changeCircuit(ledger, subscriber, row, {
    ...changeFor(operation, ledger.environment.now(), row?.stopped),
    ...anew,
  });
  if (changed) return changed;
  throw new ConditionFailed(`Another changed the circuit of '${subscriber}' at the same time: ask again`);
}

function changeFor(operation: Operation, now: number, stopped = now): CircuitChange {
  const fresh = { since: now, probesLeft: undefined, good: undefined };
  switch (operation) {
    case 'pause':
      return {
        ...fresh,
        state: 'open',
        by: 'operator',
        stopped,
        retryAt: undefined,
        reason: undefined,
        ramp: undefined,
      };
    case 'resume':
      return { ...fresh, state: 'closed', ramp: RAMP_FROM, retryAt: undefined, stopped: undefined };
    case 'probe':
      return { state: 'open', retryAt: now };
  }
}
