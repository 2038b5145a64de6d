import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  BatchWriteItemCommand,
  type BatchWriteItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Request } from '../../testing/engines/index.ts';
import type { Engines } from '../../testing/test-environment.ts';

/** Whether DynamoDB may leave out rows of the request. */
export function hasRows(operation: string): boolean {
  return operation === 'BatchWriteItem' || operation === 'BatchGetItem';
}

/** Carries a batch of rows out but for each `every`-th of a table, the first included, which the answer gives back. */
export function applyRowsPartially({ dynamodb }: Engines, { operation, input }: Request, every: number): object {
  const fails = (_: unknown, index: number) => index % every === 0;
  const succeeds = (_: unknown, index: number) => index % every !== 0;
  if (operation === 'BatchWriteItem') {
    const { RequestItems = {}, ...rest } = input as BatchWriteItemCommandInput;
    const done = mapped(RequestItems, (writes) => writes.filter(succeeds));
    const UnprocessedItems = mapped(RequestItems, (writes) => writes.filter(fails));
    if (!Object.values(done).some((writes) => writes.length > 0)) return { UnprocessedItems };
    return { ...dynamodb.apply(new BatchWriteItemCommand({ ...rest, RequestItems: done })), UnprocessedItems };
  }
  const { RequestItems = {}, ...rest } = input as BatchGetItemCommandInput;
  type Keys = NonNullable<(typeof RequestItems)[string]>;
  const part = (keep: typeof fails) =>
    mapped(RequestItems, (keys: Keys): Keys => ({ ...keys, Keys: keys.Keys?.filter(keep) }));
  const done = part(succeeds);
  const UnprocessedKeys = part(fails);
  if (!Object.values(done).some(({ Keys }) => (Keys?.length ?? 0) > 0)) return { Responses: {}, UnprocessedKeys };
  return { ...dynamodb.apply(new BatchGetItemCommand({ ...rest, RequestItems: done })), UnprocessedKeys };
}

function mapped<From, To>(byTable: Readonly<Record<string, From>>, map: (ofTable: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(byTable).map(([table, ofTable]) => [table, map(ofTable)]));
}
