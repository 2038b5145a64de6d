import { toItem } from '../aws/attribute.ts';
import { Expression } from '../aws/expression.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerKey } from '../ledger/rows/layout.ts';
import type { WaitRow } from '../ledger/rows/saga.ts';
import type { Action } from '../transaction/action.ts';

/** The write of who waits for an event, and of the event, on condition that both are as they were seen. */
export function waitAction(
  ledger: Ledger,
  key: LedgerKey,
  seen: WaitRow | undefined,
  columns: Omit<WaitRow, keyof LedgerKey>,
): Action {
  const expression = new Expression('a wait');
  const conditions = (['command', 'message'] as const).map((column) => {
    const name = expression.name(column);
    const value = seen?.[column];
    return value === undefined ? `attribute_not_exists(${name})` : `${name} = ${expression.value(column, value)}`;
  });
  const Put = {
    TableName: ledger.table,
    Item: toItem({ ...key, ...columns }),
    ConditionExpression: conditions.join(' AND '),
    ...expression.attributes(),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
  return { item: { Put }, role: { kind: 'companion', of: 'saga' }, row: 'what a saga waits for' };
}
