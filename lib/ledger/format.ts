import { whileInitializing } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { CopiedRow } from './copied-row.ts';
import { readGraph } from './graph.ts';
import { getRow, type Ledger, ledgerOf, putRow, queryPage } from './ledger.ts';
import { FORMAT_KEY, FORMATS, type FormatRow, newestFormat } from './rows/format.ts';
import { EVENT_TYPES } from './rows/route.ts';

const copies = new CopiedRow<FormatRow, number>(FORMAT_KEY, formatIn);

/**
 * The format in which outbox rows are to be written. Nobody waits for the format row: it is read beside whatever is under
 * way, once in five minutes, and a process that does not know what it says writes the first format, which everybody reads.
 * So no row is written in a format that was turned off ten minutes ago.
 */
export function writtenFormat(ledger: Ledger): number {
  const { environment } = ledger;
  if (!environment.variables[BINDINGS.formats]) return FORMATS.plain;
  return Math.min(copies.of(ledger) ?? FORMATS.plain, newestFormat(environment));
}

// So that the first row of a process is written in the right format, over a connection that is open.
whileInitializing(async (environment) => {
  if (environment.variables[BINDINGS.formats]) await learnFormat(ledgerOf(environment));
});

/** Reads the format row. Where it cannot be read, the ledger goes on as before. */
export function learnFormat(ledger: Ledger): Promise<void> {
  return copies.learn(ledger);
}

/** What the format row says, read consistently: 1 where there is none, or it says no format. */
export async function readFormat(ledger: Ledger): Promise<number> {
  return formatIn(await getRow<FormatRow>(ledger, FORMAT_KEY));
}

function formatIn(row: FormatRow | undefined): number {
  const { format = FORMATS.plain } = row ?? {};
  return Number.isInteger(format) && format > FORMATS.plain ? format : FORMATS.plain;
}

/** A subscriber, and the newest format that its code and the ledger's stack read. */
export interface FormatReader {
  readonly subscriber: string;
  readonly reads: number;
}

/** Who reads outbox rows and what comes of them, as the routes of those that are there say. */
export async function readersOf(ledger: Ledger): Promise<FormatReader[]> {
  const { routes } = await readGraph(ledger);
  const reads = new Map<string, number>();
  for (const { subscriber, until, reads: newest = FORMATS.plain } of routes) {
    if (until === undefined) reads.set(subscriber, Math.min(newest, reads.get(subscriber) ?? newest));
  }
  return [...reads].map(([subscriber, newest]) => ({ subscriber, reads: newest }));
}

/**
 * Has outbox rows written in a format, once those who read them know it. Producers follow within ten minutes. An older
 * format is taken by everybody, so that this is how a newer one is turned off.
 *
 * @returns the readers that do not know it: then nothing is changed
 */
export async function turnFormat(ledger: Ledger, format: number): Promise<readonly FormatReader[]> {
  const behind = (await readersOf(ledger)).filter(({ reads }) => reads < format);
  const isOlder = format <= (await readFormat(ledger));
  if (behind.length > 0 && !isOlder) return behind;
  await putRow<FormatRow>(ledger, { ...FORMAT_KEY, format, since: ledger.environment.now() });
  return [];
}

/**
 * Has a new ledger write outbox rows in the newest format: one of which nobody has ever expected anything, so that whoever
 * comes reads it. Nothing is changed where there is a format row, or a route.
 */
export async function startFormat(ledger: Ledger): Promise<void> {
  const { environment } = ledger;
  const { Items = [] } = await queryPage(ledger, EVENT_TYPES, { ConsistentRead: true, Limit: 1 });
  if (Items.length > 0) return;
  await putRow<FormatRow>(
    ledger,
    { ...FORMAT_KEY, format: newestFormat(environment), since: environment.now() },
    { ConditionExpression: 'attribute_not_exists(pk)' },
  );
}
