import type { Bug } from './bug.ts';

/** Mistakes in how the messages of a key are kept in their order. */
export const orderBugs: readonly Bug[] = [
  {
    name: 'commits-past-the-parked',
    mistake: 'a message that is due commits without asking whether others are parked behind it',
    system: 'accounts',
    edits: [
      {
        file: 'order/fence-actions.ts',
        find: "const noneParked = whileNoneParked ? ' AND (attribute_not_exists(parked) OR parked = :none)' : '';",
        replace: "const noneParked = whileNoneParked ? ' AND (:none = :none)' : '';",
      },
    ],
  },
  {
    name: 'parks-without-condition',
    mistake: 'a message is parked though its turn may have come since the fence was seen',
    system: 'accounts',
    rare: true,
    edits: [
      {
        file: 'order/fence-actions.ts',
        find: "...unmoved(seen, { ':one': 1, ':ttl': Math.max(ttl, seen?.ttl ?? 0) }),",
        replace: "ExpressionAttributeValues: toItem({ ':one': 1, ':ttl': Math.max(ttl, seen?.ttl ?? 0) }),",
      },
    ],
  },
  {
    name: 'no-baton-on-redelivery',
    mistake: 'whoever ended a message and stopped before it sent the one behind it, never does',
    system: 'accounts',
    rare: true,
    edits: [
      {
        file: 'consume/failure.ts',
        find: 'await invocation.order?.turnOf(record, envelope)?.passOnAgain(end.state, invocation.until);',
        replace: '',
      },
    ],
  },
  {
    name: 'no-baton-from-another-end',
    mistake: 'whoever ends a message in the same way as another delivery has just done takes the baton for passed',
    system: 'accounts',
    rare: true,
    edits: [
      {
        file: 'order/turn.ts',
        find: 'if (this.standing !== undefined) await this.#drain(until, this.#isMoved ? undefined : state);',
        replace: 'if (this.#isMoved && this.standing !== undefined) await this.#drain(until, undefined); void state;',
      },
    ],
  },
  {
    name: 'acknowledges-behind-a-failed-head',
    mistake: 'what came in a batch behind a message of its key that failed is acknowledged with it',
    system: 'accounts',
    edits: [
      {
        file: 'consume/batch.ts',
        find: "outcomes[index] = { kind: 'again', wait: 0 };",
        replace: "outcomes[index] = { kind: 'already' };",
      },
    ],
  },
  {
    name: 'predecessor-of-another-subscriber',
    mistake: 'a message waits for one of a type that its subscriber does not consume',
    system: 'accounts',
    edits: [
      {
        file: 'ledger/rows/predecessor.ts',
        find: 'expected(id, routesOf(type)).some((route) => route.subscriber === subscriber && route.adoptedFrom === undefined);',
        replace: 'expected(id, routesOf(type)).some((route) => subscriber && route.adoptedFrom === undefined);',
      },
      {
        file: 'order/own-routes.ts',
        find: 'if (!this.#subscriber.consumes.some(({ type }) => type === message.type)) return false;',
        replace: '',
      },
      {
        file: 'order/own-routes.ts',
        find: 'const types = this.#subscriber.consumes.map(({ type }) => type);',
        replace: "const types = ['account.deposited', 'account.withdrawn'];",
      },
    ],
  },
  {
    name: 'numbers-from-the-clock',
    mistake: 'a message takes its number from the clock of its producer',
    system: 'accounts',
    edits: [
      {
        file: 'transaction/number-messages.ts',
        find: 'const number = n + 1;',
        replace: 'const number = Math.max(1, messageTime(envelope.id) % 1e12) + 0 * n;',
      },
    ],
  },
  {
    name: 'cancel-does-not-pass',
    mistake: 'a message that is cancelled before its turn leaves nothing that says so to those behind it',
    system: 'accounts',
    edits: [
      {
        file: 'order/pass.ts',
        find: 'return isParked ? markPassed(ledger, place, last) : park(ledger, place, last, { after, pass: true });',
        replace: 'void markPassed;\n  void park;\n  return [];',
      },
    ],
  },
  {
    name: 'redrives-what-was-skipped',
    mistake: 'a message that was gone on without takes effect when it is sent again',
    system: 'accounts',
    rare: true,
    by: ['redrive', 'redrive-race'],
    edits: [
      {
        file: 'order/turn.ts',
        find: "if (standing === 'early' || (standing === 'overtaken' && !this.#coming.outOfOrder)) return outcome;",
        replace: "if (standing === 'early') return outcome;",
      },
    ],
  },
  {
    name: 'hidden-by-what-came-while-away',
    mistake: 'what came while a subscriber was away hides from it what it is still to end before',
    system: 'accounts',
    rare: true,
    edits: [
      {
        file: 'ledger/predecessor.ts',
        find: 'while (found && wasAwayFor(found)) {',
        replace: 'while (found && false) {\n    void wasAwayFor;',
      },
    ],
  },
  {
    name: 'counts-before-the-turn',
    mistake: 'a handler that fails before its turn has come has made an attempt',
    system: 'accounts',
    edits: [
      {
        file: 'consume/deliver.ts',
        find: 'return (await hold(invocation, record, envelope)) ?? afterHandler(invocation, record, envelope, error);',
        replace: 'return afterHandler(invocation, record, envelope, error);',
      },
      {
        file: 'consume/failed-handler.ts',
        find: 'const held = await hold(invocation, record, envelope);\n  if (held) return held;\n  if (isWaybillError',
        replace: 'if (isWaybillError',
      },
      {
        file: 'consume/failure.ts',
        find: 'const held = !isExpired && (await hold(invocation, record, envelope));',
        replace: 'const held = undefined;',
      },
    ],
  },
];
