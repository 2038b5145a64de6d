import { unmarshall } from '@aws-sdk/util-dynamodb';
import { toItem } from '../aws/attribute.ts';
import type { Environment } from '../aws/environment.ts';
import { jitter } from '../aws/retry.ts';
import { CommitUndecided } from '../contract/errors.ts';
import { DAY_MS } from '../contract/time.ts';
import { INBOX_AFTERLIFE, type LedgerKey } from '../ledger/rows/layout.ts';
import type { TailRow } from '../ledger/rows/order.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { orderText, readOrder } from '../message/order.ts';
import type { Action, Unnumbered } from './action.ts';
import type { CommitResult } from './outcome.ts';
import { counterKey, counterOf, knownTail, NO_TAIL, newestTime, rememberTail, type Tail } from './tails.ts';

/** Commits actions that are complete. */
type Commit = (environment: Environment, actions: readonly Action[], until: number) => Promise<CommitResult>;

/** Longer than any fence lives, since a fence that knew greater numbers would take new messages for old ones. */
const AFTERLIFE_MS = INBOX_AFTERLIFE + 380 * DAY_MS;

/**
 * Commits actions of which some are messages that have no number yet. Each key's counter moves in the same transaction, on
 * condition that it is as it was guessed to be: as this process has left it, or not there. Where the guess is wrong DynamoDB
 * answers with the row, so that nothing is ever read for it.
 *
 * @returns `conditionFailed` with a conflict where a message's id is older than its key's newest: it needs a new one
 * @throws CommitUndecided as `commit`
 */
export async function commitNumbered(
  environment: Environment,
  actions: readonly Action[],
  until: number,
  commit: Commit,
): Promise<CommitResult> {
  for (let repeats = 0; ; repeats++) {
    const numbered = numberAll(environment, actions);
    if (numbered.kind === 'older') {
      return { kind: 'conditionFailed', index: numbered.index, otherwise: 'retry', conflict: true };
    }
    const { counters } = numbered;
    const all = [...numbered.actions, ...counters.map(counterAction)];
    const result = await commit(environment, all, until);
    if (result.kind === 'committed') {
      for (const { name, tail } of counters) rememberTail(environment, name, tail);
      return result;
    }
    if (result.kind !== 'withheld' || result.of !== 'tail') return result;
    const wrong = counters[result.index - actions.length];
    if (!wrong) return result;
    rememberTail(environment, wrong.name, result.row ? (unmarshall(result.row) as TailRow) : NO_TAIL);
    // The first repeat knows the row; further ones meet others that publish to the key.
    const pause = repeats === 0 ? 0 : jitter(environment, repeats - 1);
    if (environment.now() + pause >= until) {
      throw new CommitUndecided(`Others kept publishing to the key of ${wrong.row}: nothing was applied`);
    }
    if (pause > 0) await environment.sleep(pause);
  }
}

/** The counter of a key: as it is guessed to be, and as the transaction leaves it. */
interface Counter {
  readonly name: string;
  readonly key: LedgerKey;
  readonly table: string;
  readonly seen: Tail;
  readonly tail: Tail;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** The message that takes its number first, in errors. */
  readonly row: string;
}

type Numbered =
  | { readonly kind: 'numbered'; readonly actions: readonly Action[]; readonly counters: readonly Counter[] }
  | { readonly kind: 'older'; readonly index: number };

function numberAll(environment: Environment, actions: readonly Action[]): Numbered {
  const counters = new Map<string, Counter>();
  const numbered: Action[] = [];
  for (const [index, action] of actions.entries()) {
    const { unnumbered } = action;
    if (!unnumbered) {
      numbered.push(action);
      continue;
    }
    const counter = counterFor(environment, unnumbered, counters, action.row);
    if (messageTime(unnumbered.envelope.id) < newestTime(counter.tail)) return { kind: 'older', index };
    const { envelope, tail } = take(unnumbered.envelope, counter.tail);
    const expires = Math.max(counter.expires, Date.parse(envelope.expires));
    counters.set(counter.name, { ...counter, tail, expires });
    numbered.push({ ...action, item: unnumbered.put(envelope) });
  }
  return { kind: 'numbered', actions: numbered, counters: [...counters.values()] };
}

function counterFor(
  environment: Environment,
  { envelope, table }: Unnumbered,
  counters: ReadonlyMap<string, Counter>,
  row: string,
): Counter {
  const name = counterOf(table, envelope);
  const seen = knownTail(environment, name);
  return counters.get(name) ?? { name, key: counterKey(envelope), table, seen, tail: seen, expires: 0, row };
}

/** The message with the next number of its key and what comes before it, and the counter that it leaves. */
export function take(envelope: Envelope, { n, last }: Tail): { readonly envelope: Envelope; readonly tail: Tail } {
  const number = n + 1;
  const before = Object.entries(last).map(([type, [of, id, expires]]) => ({ type, number: of, id, expires }));
  const order = orderText({ ...readOrder(envelope.order ?? ''), number, before });
  const expires = Math.ceil(Date.parse(envelope.expires) / 1000);
  return {
    envelope: { ...envelope, order },
    tail: { n: number, last: { ...last, [envelope.type]: [number, envelope.id, expires] } },
  };
}

/** Until when a counter is kept, in seconds since the epoch, by when its messages expire. */
export function tailTtl(expires: number): number {
  return Math.ceil((expires + AFTERLIFE_MS) / 1000);
}

function counterAction({ table, key, seen, tail, expires, row }: Counter): Action {
  const isNew = seen.n === 0;
  const item = {
    Update: {
      TableName: table,
      Key: toItem(key),
      UpdateExpression: 'SET n = :n, #last = :last, #ttl = :ttl',
      ConditionExpression: isNew ? 'attribute_not_exists(n)' : 'n = :seen',
      ExpressionAttributeNames: { '#last': 'last', '#ttl': 'ttl' },
      ExpressionAttributeValues: toItem({
        ':n': tail.n,
        ':last': tail.last,
        ':ttl': tailTtl(expires),
        ...(!isNew && { ':seen': seen.n }),
      }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    },
  };
  return { item, role: { kind: 'companion', of: 'tail' }, row: `the counter of ${row}` };
}
