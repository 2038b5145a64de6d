import { unmarshall } from '@aws-sdk/util-dynamodb';
import { OutOfTurn } from '../contract/errors.ts';
import { readFence, readParked } from '../ledger/fence.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { findPredecessor } from '../ledger/predecessor.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import type { LastRow } from '../ledger/rows/order.ts';
import { type IsExpected, predecessorOf, type Standing, standingOf } from '../ledger/rows/predecessor.ts';
import { messageTime } from '../message/message-id.ts';
import { type MessageOrder, readOrder } from '../message/order.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import type { CommitResult } from '../transaction/outcome.ts';
import { DRAINED, drain } from './drain.ts';
import { advance, type Place, park, stand } from './fence-actions.ts';
import type { OwnRoutes } from './own-routes.ts';
import { passingActions } from './pass.ts';

/** What a turn needs of its subscriber. */
export interface TurnContext {
  readonly ledger: Ledger;
  readonly onDead: 'block' | 'skip';
  readonly routes: OwnRoutes;
  /** The subscriber's own queue. */
  readonly queueUrl: string;
}

/** How a message came. */
export interface Coming {
  /** Whether an operator has sent it again. */
  readonly redriven: boolean;
  /** The operation that did so; absent where it was sent otherwise. */
  readonly redrive?: string;
  /** Whether it may be handled though it was overtaken. */
  readonly outOfOrder?: boolean;
}

/**
 * One delivery of a message that has its place in an order. It commits on condition that its turn has come, without a read:
 * only where that is refused, or something is to be counted against the message, is the fence looked at.
 */
export class Turn {
  /** How the message stood when it was looked at last; `undefined` while it was not. */
  standing: Standing | undefined;
  readonly #context: TurnContext;
  readonly #place: Place;
  readonly #order: MessageOrder;
  readonly #coming: Coming;
  /** The number of the predecessor, once it was looked for; 0 where there is none. */
  #found: number | undefined;
  #last: LastRow | undefined;
  #isParked = false;
  #isMoved = false;

  constructor(context: TurnContext, place: Place, order: string, coming: Coming) {
    this.#context = context;
    this.#place = place;
    this.#order = readOrder(order);
    this.#coming = coming;
  }

  /** What the message's end commits with: that its turn has come, and the fence's move. */
  companions(): Action[] {
    const { ledger } = this.#context;
    if (this.standing === undefined) return advance(ledger, this.#place, this.#after, { whileNoneParked: true });
    return this.standing === 'overtaken' ? [] : advance(ledger, this.#place, this.#after, { unparks: this.#isParked });
  }

  /**
   * Makes sure of the outcome of a commit that the fence may have withheld: where the turn has come after all, it is committed
   * in another transaction, which looks after those that are parked.
   *
   * @param actions the inbox row first
   * @param result what came of them
   * @returns `withheld` where the turn has not come, or has passed: `standing` says which
   */
  async committed(actions: readonly Action[], result: CommitResult, until: number): Promise<CommitResult> {
    const { environment } = this.#context.ledger;
    let outcome = result;
    while (outcome.kind === 'withheld' && outcome.of === 'fence') {
      const standing = await this.look(outcome.row ? (unmarshall(outcome.row) as LastRow) : undefined);
      if (standing === 'early' || (standing === 'overtaken' && !this.#coming.outOfOrder)) return outcome;
      const [inbox, ...others] = actions.filter(({ role }) => role.kind !== 'companion' || role.of !== 'fence');
      if (!inbox) return outcome;
      outcome = await commit(environment, [inbox, ...this.companions(), ...others], until);
    }
    this.#isMoved = outcome.kind === 'committed' && this.standing === 'due';
    return outcome;
  }

  /**
   * Looks at the fence, and at the routes where this process does not know them or not well enough.
   *
   * @param seen the fence as a refused commit has met it. @default it is read
   */
  async look(seen?: LastRow): Promise<Standing> {
    const { ledger, routes } = this.#context;
    const { subscriber, key, number, id } = this.#place;
    await routes.refresh(id);
    let found = await findPredecessor(ledger, this.#order, routes);
    // What seems to be before it may have come while the subscriber was away, since the routes were read.
    if (found && (await routes.refresh(id, messageTime(found.id)))) {
      found = await findPredecessor(ledger, this.#order, routes);
    }
    this.#found = found?.number ?? 0;
    // A row that a condition was refused for may be one of several that were looked at: what it says is as of then.
    this.#last = seen?.sk === 'last' ? seen : await readFence(ledger, subscriber, key);
    this.standing = standingOf(number, this.#after, this.#last);
    this.#isParked = Boolean(this.#last?.parked) && (await readParked(ledger, subscriber, key, number)) !== undefined;
    return this.standing;
  }

  /** @throws OutOfTurn where the turn has not come */
  async require(): Promise<void> {
    const standing = await this.look();
    if (standing === 'due' || (standing === 'overtaken' && this.#coming.outOfOrder)) return;
    throw new OutOfTurn(`The turn of '${this.#place.id}' has not come, or has passed: it is ${standing}`);
  }

  /**
   * Parks the message until its turn comes.
   *
   * @returns false where its turn has come meanwhile, or has passed: `standing` says which
   */
  async park(until: number): Promise<boolean> {
    const { ledger } = this.#context;
    while (this.standing === 'early') {
      // Delivered again though it is parked, it may be sent by whoever noticed that the baton was lost.
      if (this.#isParked) {
        await this.#drain(until, undefined);
        return true;
      }
      const { redriven, redrive = DRAINED } = this.#coming;
      const row = { after: this.#after, ...(redriven && { redriven: redrive }) };
      const result = await commit(ledger.environment, park(ledger, this.#place, this.#last, row), until);
      if (result.kind === 'committed') return true;
      await this.look();
    }
    return false;
  }

  /** What commits with an end that is none by its handler. `expired`: it ends whether or not its turn has come. */
  async endCompanions(state: EndState, expired: boolean): Promise<Action[]> {
    const { ledger, onDead } = this.#context;
    const standing = await this.look();
    const stays = state === 'dead' && onDead === 'block' && !expired;
    this.#isMoved = standing === 'due' && !stays;
    if (standing === 'due' && stays) return stand(ledger, this.#place, this.#after, this.#isParked);
    return passingActions(ledger, { place: this.#place, standing, after: this.#after, last: this.#last });
  }

  /**
   * Once the message has ended, by this delivery or in the same way by another: sends the one behind it, where that is parked.
   * Where the fence was looked at, one may have been parked since, or somebody else has moved it and stopped there.
   */
  async passOn(state: EndState, until: number): Promise<void> {
    if (this.standing !== undefined) await this.#drain(until, this.#isMoved ? undefined : state);
  }

  /** Where the message had ended before: whoever ended it may have stopped before it passed the baton. */
  async passOnAgain(state: EndState, until: number): Promise<void> {
    await this.#drain(until, state);
  }

  async #drain(until: number, ended: EndState | undefined): Promise<void> {
    const { ledger, queueUrl, onDead } = this.#context;
    const { subscriber, key, id } = this.#place;
    const holds = ended === 'dead' && onDead === 'block';
    await drain(ledger, { subscriber, key, queueUrl, ...(ended && { ended: id, holds }) }, until);
  }

  /** The number of the predecessor: what came while the subscriber was away counts, until it was looked behind. */
  get #after(): number {
    const { ledger, routes } = this.#context;
    const mayBe: IsExpected = (message) => routes.isExpected(message) || routes.wasAwayFor(message);
    return this.#found ?? predecessorOf(this.#order, mayBe, ledger.environment.now())?.number ?? 0;
  }
}
