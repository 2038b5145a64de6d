import { toItem } from '../../aws/attribute.ts';
import { DAY_MS, MINUTE_MS } from '../../contract/time.ts';
import { reconcileKey } from '../../ledger/rows/cursor.ts';
import { readDueKey } from '../../ledger/rows/due.ts';
import type { RowKind } from '../../ledger/rows/row-kind.ts';
import { isMessageId, messageTime } from '../../message/message-id.ts';
import { LEDGER, ledgerRowOf } from './ledger-row.ts';
import type { World } from './world.ts';

/** A pass of reconciliation that is behind by less catches up by itself. */
const CAUGHT_UP_MS = 15 * MINUTE_MS;

/** So long ago is what each pass looks at, at least. */
const LAGS: Readonly<Record<string, number>> = {
  due: 2 * MINUTE_MS,
  moments: 2 * MINUTE_MS,
  settled: 12 * MINUTE_MS,
  day: DAY_MS + MINUTE_MS,
  half: 15 * MINUTE_MS,
  'half-day': DAY_MS + 5 * MINUTE_MS,
};
/** The passes over half messages look at so much at once. */
const STEP_MS = 5 * MINUTE_MS;

/**
 * While messages wait for days, nothing is reconciled in a simulated run, though reconciliation would look each minute and
 * find nothing. Before it goes on, its passes are moved on over the minutes in which nothing lies, as those runs would have
 * done.
 */
export function skipIdleMinutes({ engines, schedule }: World): void {
  const table = engines.dynamodb.table(LEDGER);
  const rows = table.items().map((item) => ledgerRowOf(item));
  const timesOf = (...kinds: readonly RowKind[]) =>
    rows.filter(({ kind, sk }) => kinds.includes(kind) && isMessageId(sk)).map(({ sk }) => messageTime(sk));
  const times = timesOf('outbox', 'inbox');
  const halves = timesOf('half');
  const moments = rows.filter(({ kind }) => kind === 'due').map((row) => readDueKey(row).deliverAt);
  for (const [pass, lag] of Object.entries(LAGS)) {
    const key = toItem(reconcileKey(pass));
    const item = table.get(key);
    if (!item) continue;
    const upTo = Number(item.upTo?.N);
    const isOfHalves = pass.startsWith('half');
    const all = pass === 'moments' ? moments : isOfHalves ? halves : times;
    const lying = all.filter((time) => time > upTo);
    const free = Math.min(schedule.now() - lag, ...lying.map((time) => time - 1));
    const to = isOfHalves ? free - ((free + 1) % STEP_MS) : free;
    if (to <= upTo + CAUGHT_UP_MS) continue;
    const minute = new Date(to).toISOString().slice(0, 16);
    table.write(key, { ...item, ...toItem({ upTo: to, ...(item.minute && { minute, lines: {} }) }) });
  }
}
