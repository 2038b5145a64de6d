import { Expression } from '../aws/expression.ts';
import { getRow, type Ledger, updateRow } from './ledger.ts';
import { type CircuitCounts, type CircuitRow, circuitKey, countColumns, spansOf } from './rows/circuit.ts';

/** Reads the circuit of a subscriber; `undefined` where it has never been anything but closed. */
export function readCircuit(ledger: Ledger, subscriber: string): Promise<CircuitRow | undefined> {
  return getRow<CircuitRow>(ledger, circuitKey(subscriber));
}

/** Why a subscriber's handler does not run, and since when, where its circuit is not closed. */
export function pausedBy(circuit: CircuitRow | undefined): string | undefined {
  const { state = 'closed', since = 0, by, reason } = circuit ?? {};
  if (state === 'closed') return undefined;
  const why = by === 'operator' ? 'by an operator' : `its circuit is open (${reason})`;
  return `paused: ${why} since ${new Date(since).toISOString()}`;
}

/**
 * Adds to what failed and ran, and takes away spans that do not count any more.
 *
 * @returns the row as it is now
 */
export async function addCounts(
  ledger: Ledger,
  subscriber: string,
  counts: readonly CircuitCounts[],
  stale: readonly number[],
): Promise<CircuitRow> {
  const expression = new Expression('a circuit');
  const add = counts.flatMap(({ span, failed, total, ids }) => {
    const columns = countColumns(span);
    return [
      `${expression.name(columns.failed)} ${expression.value(columns.failed, failed)}`,
      `${expression.name(columns.total)} ${expression.value(columns.total, total)}`,
      ...(ids.size > 0 ? [`${expression.name(columns.ids)} ${expression.value(columns.ids, ids)}`] : []),
    ];
  });
  const remove = stale.flatMap((span) => Object.values(countColumns(span)).map((column) => expression.name(column)));
  const { row } = await updateRow<CircuitRow>(ledger, circuitKey(subscriber), {
    UpdateExpression: `ADD ${add.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
    ...expression.attributes(),
    ReturnValues: 'ALL_NEW',
  });
  return row as CircuitRow;
}

/** The columns of a circuit that change with it. */
export type CircuitChange = {
  readonly [Column in Exclude<keyof CircuitRow, 'pk' | 'sk'>]?: CircuitRow[Column] | undefined;
};

/**
 * Changes a circuit, on condition that it is as it was read. A column that is given as undefined is taken away.
 *
 * @param read the row that was read; `undefined` where there was none
 * @returns the row as it is now; `undefined` where another has changed it
 */
export async function changeCircuit(
  ledger: Ledger,
  subscriber: string,
  read: CircuitRow | undefined,
  change: CircuitChange,
): Promise<CircuitRow | undefined> {
  const expression = new Expression('a circuit');
  const changes = Object.entries(change);
  const moves = change.state !== undefined && change.state !== (read?.state ?? 'closed');
  // What was counted belongs to the state before.
  const dropped = moves ? spansOf(read).flatMap((span) => Object.values(countColumns(span))) : [];
  const set = changes.filter(([, value]) => value !== undefined);
  const remove = [...changes.filter(([, value]) => value === undefined).map(([column]) => column), ...dropped];
  const assignments = [...set, ['epoch', (read?.epoch ?? 0) + 1] as const].map(
    ([column, value]) => `${expression.name(column)} = ${expression.value(column, value)}`,
  );
  const epoch = expression.name('epoch');
  const condition =
    read?.epoch === undefined
      ? `attribute_not_exists(${epoch})`
      : `${epoch} = ${expression.value('epoch', read.epoch)}`;
  const removed = remove.map((column) => expression.name(column));
  const { kind, row } = await updateRow<CircuitRow>(ledger, circuitKey(subscriber), {
    UpdateExpression: `SET ${assignments.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.join(', ')}` : ''}`,
    ConditionExpression: condition,
    ...expression.attributes(),
    ReturnValues: 'ALL_NEW',
  });
  return kind === 'written' ? row : undefined;
}
