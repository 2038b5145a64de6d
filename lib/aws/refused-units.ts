import type { AttributeValue, CancellationReason, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { writeUnits } from '../contract/row-size.ts';
import { itemBytes } from './item-bytes.ts';

type Item = Record<string, AttributeValue>;

/** A write, or an action of a transaction, as far as it says how large its row is. */
interface Write {
  readonly Item?: Item;
  readonly Key?: Item;
}

/** A write or a transaction. */
interface Request extends Write {
  readonly ReturnConsumedCapacity?: string;
  readonly TransactItems?: TransactWriteItem[];
}

interface Refusal {
  readonly name?: string;
  readonly Item?: Item;
  readonly CancellationReasons?: readonly CancellationReason[];
}

/** DynamoDB prepares each row of a transaction, and then writes it. */
const TRANSACTIONAL = 2;

/**
 * The write units of a request whose condition does not hold: they are billed, and the answer does not say them. Each row
 * counts by its size in the request or in the table, whichever is greater; where neither is known, as one unit.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
 */
export function refusedUnits(input: object | undefined, error: unknown): number {
  const request = (input ?? {}) as Request;
  const { name, Item, CancellationReasons = [] } = error as Refusal;
  if (request.ReturnConsumedCapacity === undefined) return 0;
  if (name === 'ConditionalCheckFailedException') return unitsOf(request, Item);
  if (!CancellationReasons.some(({ Code }) => Code === 'ConditionalCheckFailed')) return 0;
  const { TransactItems = [] } = request;
  return TransactItems.reduce((units, action, index) => {
    const write = action.Put ?? action.Update ?? action.Delete ?? action.ConditionCheck ?? {};
    return units + TRANSACTIONAL * unitsOf(write, CancellationReasons[index]?.Item);
  }, 0);
}

function unitsOf({ Item, Key }: Write, before: Item | undefined): number {
  return writeUnits(Math.max(itemBytes(Item ?? Key ?? {}), itemBytes(before ?? {})));
}
