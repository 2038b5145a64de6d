import { CommitUndecided } from '../contract/errors.ts';
import { readParked } from '../ledger/fence.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import { drain } from './drain.ts';
import { park, placeIn, stand } from './fence-actions.ts';
import { passingActions, standingAt } from './pass.ts';

/** An ordered subscriber, whose function has not ended a message. */
export interface GivenUpAt {
  readonly subscriber: string;
  readonly onDead: 'block' | 'skip';
  /** The subscriber's own queue. */
  readonly queueUrl: string;
}

/**
 * What commits with the end of a message that SQS has given up. One whose turn has not come is parked instead: it may have been
 * received in vain for what is wrong with the one before it, and only the next message of a key can die.
 *
 * @returns `parked`, or the actions that commit with the row that says dead
 * @throws CommitUndecided when its key kept moving
 */
export async function givenUpInOrder(
  ledger: Ledger,
  { subscriber, onDead }: GivenUpAt,
  envelope: Envelope,
  until: number,
): Promise<'parked' | readonly Action[]> {
  const { environment } = ledger;
  while (environment.now() < until) {
    const stood = await standingAt(ledger, subscriber, envelope);
    if (!stood || stood.standing === 'overtaken') return [];
    const { place, after, last, standing } = stood;
    const isParked =
      Boolean(last?.parked) && (await readParked(ledger, subscriber, place.key, place.number)) !== undefined;
    if (standing === 'due')
      return onDead === 'block' ? stand(ledger, place, after, isParked) : passingActions(ledger, stood);
    if (isParked) return 'parked';
    const { kind } = await commit(environment, park(ledger, place, last, { after }), until);
    if (kind === 'committed') return 'parked';
  }
  throw new CommitUndecided(`The order of the key of '${envelope.id}' kept moving at '${subscriber}'`);
}

/** Once a message has ended: sends the one behind it, where that may go on. */
export async function goOnBehind(
  ledger: Ledger,
  { subscriber, onDead, queueUrl }: GivenUpAt,
  envelope: Envelope,
  state: EndState,
  until: number,
): Promise<void> {
  const place = placeIn(envelope, subscriber);
  const holds = state === 'dead' && onDead === 'block';
  if (place) await drain(ledger, { subscriber, key: place.key, queueUrl, ended: place.id, holds }, until);
}
