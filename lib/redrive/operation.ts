import { toItem } from '../aws/attribute.ts';
import { InvalidDefinition } from '../contract/errors.ts';
import { DAY_MS } from '../contract/time.ts';
import { readGraph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readRedrive, runningRedrives, wakeRedrive, writeRedrive } from '../ledger/redrive.ts';
import {
  type RedriveRow,
  type RedriveSelection,
  type RunningRow,
  redriveKey,
  runningKey,
} from '../ledger/rows/redrive.ts';
import type { RouteRow } from '../ledger/rows/route.ts';
import { isMessageId } from '../message/message-id.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import { RedriveRefused, UnknownRedrive } from './errors.ts';
import type { Redrive, RedriveOptions } from './redrive-options.ts';
import { fatesOf } from './send-wave.ts';

const KEPT_MS = 90 * DAY_MS;
const COMMIT_MS = 10_000;
const MOST_IDS = 1_000;

/** Begins a redrive, on the ledger's greatest shard count. */
export async function startRedrive(ledger: Ledger, subscriber: string, options: RedriveOptions): Promise<Redrive> {
  const { environment } = ledger;
  const now = environment.now();
  const limits = limitsIn(options);
  const selection = selectionIn(options);
  const routes = (await readGraph(ledger)).routes.filter((route) => route.subscriber === subscriber);
  if (routes.every(({ until }) => until !== undefined)) {
    throw new RedriveRefused(
      `There is no subscriber '${subscriber}' in the ledger '${ledger.table}' that would receive anything`,
    );
  }
  refuseOrder(subscriber, routes, options);
  const operation = `${subscriber}.${Buffer.from(environment.random(4)).toString('hex')}`;
  const row: RedriveRow = {
    ...redriveKey(subscriber, operation),
    subscriber,
    operation,
    state: 'canary',
    selection,
    upTo: now,
    ...limits,
    shards: ledger.shards,
    cursor: { partition: 0 },
    wave: { size: limits.canary, sent: 0, open: [], relapsed: 0, at: 0 },
    waves: 0,
    sent: 0,
    handled: 0,
    relapsed: 0,
    refused: 0,
    swept: 0,
    started: now,
    written: now,
    revision: 1,
    ttl: Math.ceil((now + KEPT_MS) / 1_000),
  };
  await takePlace(ledger, row, { Put: { TableName: ledger.table, Item: toItem(row) } });
  await wakeRedrive(ledger, row);
  return redriveOf(row);
}

/** The operation of a name. */
export async function findRedrive(ledger: Ledger, operation: string): Promise<RedriveRow> {
  const row = await readRedrive(ledger, operation.split('.')[0] ?? '', operation);
  if (row) return row;
  throw new UnknownRedrive(`There is no redrive '${operation}' in the ledger '${ledger.table}'`);
}

/** Stops an operation, whoever works on it. */
export async function stopRunning(ledger: Ledger, operation: string): Promise<Redrive> {
  for (;;) {
    const row = await findRedrive(ledger, operation);
    if (row.state === 'done' || row.state === 'stopped') return redriveOf(row);
    const stopped = await endRedrive(ledger, row, { state: 'stopped', reason: 'operator' });
    if (stopped) return redriveOf(stopped);
  }
}

/** Has a stopped operation go on where it stood. */
export async function resumeStopped(ledger: Ledger, operation: string): Promise<Redrive> {
  const row = await findRedrive(ledger, operation);
  if (row.state === 'stopped') {
    const { reason: _, owner: __, leased: ___, ...rest } = row;
    // What has become of the last wave meanwhile stops nothing any more.
    const fates = [...(await fatesOf(ledger, row))];
    const open = fates.filter(([, fate]) => fate === 'open').map(([id]) => id);
    const ended = fates.filter(([, fate]) => fate === 'ended').length;
    const resumed: RedriveRow = {
      ...rest,
      state: 'canary',
      wave: { size: row.canary, sent: 0, open, relapsed: 0, at: ledger.environment.now() },
      handled: row.handled + ended,
      relapsed: row.relapsed + fates.length - open.length - ended,
      revision: row.revision + 1,
    };
    await takePlace(ledger, row, {
      Put: {
        TableName: ledger.table,
        Item: toItem(resumed),
        ConditionExpression: 'revision = :read',
        ExpressionAttributeValues: { ':read': { N: String(row.revision) } },
      },
    });
    await wakeRedrive(ledger, resumed);
    return redriveOf(resumed);
  }
  if (row.state !== 'done') await wakeRedrive(ledger, row);
  return redriveOf(row);
}

/** Writes how an operation ended, and lets another one begin. */
export async function endRedrive(
  ledger: Ledger,
  row: RedriveRow,
  change: Partial<RedriveRow>,
): Promise<RedriveRow | undefined> {
  const ended = await writeRedrive(ledger, row, change);
  if (!ended) return undefined;
  await leavePlace(ledger, ended);
  return ended;
}

/** Takes an operation that has ended out of the way of others. Doing it again changes nothing. */
export async function leavePlace(ledger: Ledger, { subscriber, operation }: RedriveRow): Promise<void> {
  const item = {
    Delete: {
      TableName: ledger.table,
      Key: toItem(runningKey(subscriber)),
      ConditionExpression: 'operation = :operation',
      ExpressionAttributeValues: { ':operation': { S: operation } },
    },
  };
  const action: Action = { item, role: { kind: 'business', otherwise: 'retry' }, row: 'the running redrive' };
  // Refused: another one has begun since.
  await commit(ledger.environment, [action], ledger.environment.now() + COMMIT_MS);
}

/** One at a time: the row that says so and the operation are written together. */
async function takePlace(ledger: Ledger, { subscriber, operation }: RedriveRow, put: Action['item']): Promise<void> {
  const taken: RunningRow = { ...runningKey(subscriber), operation };
  const place: Action['item'] = {
    Put: {
      TableName: ledger.table,
      Item: toItem(taken),
      ConditionExpression: 'attribute_not_exists(pk) OR operation = :operation',
      ExpressionAttributeValues: { ':operation': { S: operation } },
    },
  };
  const actions = [place, put].map(
    (item): Action => ({ item, role: { kind: 'business', otherwise: 'retry' }, row: 'the running redrive' }),
  );
  const result = await commit(ledger.environment, actions, ledger.environment.now() + COMMIT_MS);
  if (result.kind === 'committed') return;
  const running = (await runningRedrives(ledger)).find(({ sk }) => sk === subscriber)?.operation ?? 'another';
  throw new RedriveRefused(
    `The redrive '${running}' runs at '${subscriber}', and one runs at a time: wait for it, or stop it by \`waybill redrive --stop ${running}\``,
  );
}

function refuseOrder(subscriber: string, routes: readonly RouteRow[], { republish, outOfOrder }: RedriveOptions): void {
  const isOrdered = routes.some(({ until, ordered }) => until === undefined && ordered);
  if (outOfOrder && !isOrdered) {
    throw new RedriveRefused(`'${subscriber}' keeps no order, so that nothing there is out of order: leave that out`);
  }
  if (republish && isOrdered && !outOfOrder) {
    throw new RedriveRefused(
      `'${subscriber}' is ordered, and has gone on without what has expired: published anew, that takes effect after what ` +
        'follows it. Say so, by `--out-of-order`',
    );
  }
}

/** What an operator sees of an operation. */
export function redriveOf(row: RedriveRow): Redrive {
  const { operation, state, reason, waits, sent, handled, relapsed, refused, unreadable = 0, waves } = row;
  const why = { ...(reason && { reason }), ...(waits && { waits }) };
  return { operation, state, ...why, sent, handled, relapsed, refused, unreadable, waves };
}

function selectionIn({ cause, ids, range }: RedriveOptions): RedriveSelection {
  if (range && (cause !== undefined || ids)) {
    throw new InvalidDefinition('A redrive of a range takes what is dead or missing there: give no cause and no ids');
  }
  if (cause !== undefined && !/^[\da-f]{8}$/.test(cause)) {
    throw new InvalidDefinition(`'${cause}' is no cause: give its eight hex digits, as \`waybill dead\` prints them`);
  }
  if (ids && (ids.length === 0 || ids.length > MOST_IDS)) {
    throw new InvalidDefinition(`A redrive was given ${ids.length} ids: give from 1 to ${MOST_IDS}`);
  }
  const record = ids?.find((id): boolean => !isMessageId(id));
  if (record !== undefined) {
    throw new InvalidDefinition(
      `'${record.slice(0, 64)}' is no message's id. What \`waybill dead\` lists by the digest of its bytes is a record that holds no message: nothing could handle it. Have its producer publish it right, and delete its letter`,
    );
  }
  if (!range) return { kind: 'dead', ...(cause && { cause }), ...(ids && { ids }) };
  const [from, to] = [Number(range.from), Number(range.to)];
  if (Number.isFinite(from) && Number.isFinite(to) && from < to) return { kind: 'range', from, to };
  throw new InvalidDefinition('The range of a redrive is empty, or no moments: give `from`, and a later `to`');
}

function limitsIn(options: RedriveOptions) {
  const { canary = 1, ramp = 2, maxRate = 50, relapse: { share = 0.05, atLeast = 2 } = {}, until } = options;
  const { republish, outOfOrder } = options;
  const whole = Number.isInteger(canary) && Number.isInteger(atLeast);
  if (!whole || canary < 1 || canary > 100 || atLeast < 1) {
    throw new InvalidDefinition(
      `A redrive has a canary of ${canary}, and stops at ${atLeast} relapses: give whole numbers from 1, a canary of at most 100`,
    );
  }
  if (!(ramp >= 1 && ramp <= 10 && maxRate >= 1 && maxRate <= 1_000 && share >= 0 && share <= 1)) {
    throw new InvalidDefinition(
      `A redrive has ramp ${ramp}, maxRate ${maxRate} and a share of relapses of ${share}: give 1 to 10, 1 to 1,000 and 0 to 1`,
    );
  }
  const limits = {
    canary,
    ramp,
    maxRate,
    relapse: { share, atLeast },
    ...(republish && { republish }),
    ...(outOfOrder && { outOfOrder }),
  };
  return until === undefined ? limits : { ...limits, until: Number(until) };
}
