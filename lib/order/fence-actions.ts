import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ttlAfter } from '../ledger/rows/layout.ts';
import { type LastRow, lastKey, type ParkRow, parkedNumber, parkKey } from '../ledger/rows/order.ts';
import type { Envelope } from '../message/envelope.ts';
import { orderKey, readOrder } from '../message/order.ts';
import type { Action } from '../transaction/action.ts';

/** A message's place in the order of its key at a subscriber. */
export interface Place {
  readonly subscriber: string;
  readonly key: string;
  readonly number: number;
  readonly id: string;
  /** When nothing handles it any more (RFC 3339, UTC). */
  readonly expires: string;
}

/** A message's place at a subscriber; `undefined` where it has no number. */
export function placeIn(envelope: Envelope, subscriber: string): Place | undefined {
  if (envelope.order === undefined) return undefined;
  const order = readOrder(envelope.order);
  if (order.number === 0) return undefined;
  const { id, expires } = envelope;
  return { subscriber, key: orderKey(order, envelope), number: order.number, id, expires };
}

/** Moves the fence to a message, on condition that the message is due. */
export function advance(
  ledger: Ledger,
  place: Place,
  after: number,
  { unparks = false, whileNoneParked = false }: { readonly unparks?: boolean; readonly whileNoneParked?: boolean } = {},
): Action[] {
  const { number, id, expires } = place;
  const set = { ':n': number, ':id': id, ':ttl': ttlAfter(expires), ...(after > 0 && { ':after': after }) };
  const noneParked = whileNoneParked ? ' AND (attribute_not_exists(parked) OR parked = :none)' : '';
  const item = {
    Update: {
      TableName: ledger.table,
      Key: toItem(lastKey(place.subscriber, place.key)),
      UpdateExpression: `SET n = :n, id = :id, #ttl = :ttl${unparks ? ' ADD parked :less' : ''}`,
      ConditionExpression: `${isDue(after)}${noneParked}`,
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: toItem({
        ...set,
        ...(unparks && { ':less': -1 }),
        ...(whileNoneParked && { ':none': 0 }),
      }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    },
  };
  return [fence(item), ...(unparks ? [unpark(ledger, place)] : [])];
}

/** Leaves the fence where it is, on condition that the message is due: it holds up those behind it. */
export function stand(ledger: Ledger, place: Place, after: number, unparks: boolean): Action[] {
  const { number } = place;
  const common = {
    TableName: ledger.table,
    Key: toItem(lastKey(place.subscriber, place.key)),
    ConditionExpression: isDue(after),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
  const values = { ':n': number, ...(after > 0 && { ':after': after }) };
  if (!unparks) return [fence({ ConditionCheck: { ...common, ExpressionAttributeValues: toItem(values) } })];
  const update = {
    ...common,
    UpdateExpression: 'ADD parked :less',
    ExpressionAttributeValues: toItem({ ...values, ':less': -1 }),
  };
  return [fence({ Update: update }), unpark(ledger, place)];
}

/** Parks a message, on condition that nothing of its key has ended since the fence was seen: else its turn may have come. */
export function park(
  ledger: Ledger,
  place: Place,
  seen: LastRow | undefined,
  row: Pick<ParkRow, 'after' | 'pass' | 'redriven'>,
): Action[] {
  const { table } = ledger;
  const { subscriber, key, number, id, expires } = place;
  const ttl = ttlAfter(expires);
  const update = {
    TableName: table,
    Key: toItem(lastKey(subscriber, key)),
    UpdateExpression: 'SET #ttl = :ttl ADD parked :one, parks :one',
    ...unmoved(seen, { ':one': 1, ':ttl': Math.max(ttl, seen?.ttl ?? 0) }),
    ExpressionAttributeNames: { '#ttl': 'ttl' },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
  const put = {
    TableName: table,
    Item: toItem({ ...parkKey(subscriber, key, number), id, ...row, ttl }),
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  return [fence({ Update: update }), { item: { Put: put }, role: FENCE, row: 'the parked message' }];
}

/** Passes over a message that is parked and has ended: it was to be passed, or its row is left from before. */
export function passOver(ledger: Ledger, place: Place, seen: LastRow, isMoved: boolean): Action[] {
  const { subscriber, key, number, id } = place;
  const update = {
    TableName: ledger.table,
    Key: toItem(lastKey(subscriber, key)),
    UpdateExpression: `${isMoved ? 'SET n = :number, id = :id ' : ''}ADD parked :less`,
    ...unmoved(seen, { ':less': -1, ...(isMoved && { ':number': number, ':id': id }) }),
  };
  return [fence({ Update: update }), unpark(ledger, place)];
}

/** Marks a message that is parked already as one to be passed over. */
export function markPassed(ledger: Ledger, place: Place, seen: LastRow | undefined): Action[] {
  const { table } = ledger;
  const { subscriber, key, number } = place;
  const check = { TableName: table, Key: toItem(lastKey(subscriber, key)), ...unmoved(seen, {}) };
  const update = {
    TableName: table,
    Key: toItem(parkKey(subscriber, key, number)),
    UpdateExpression: 'SET pass = :pass',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: toItem({ ':pass': true }),
  };
  return [fence({ ConditionCheck: check }), { item: { Update: update }, role: FENCE, row: 'the parked message' }];
}

/** A row of a parked message, as a place. */
export function placeOfParked(subscriber: string, key: string, row: ParkRow): Place {
  const expires = new Date(row.ttl * 1000).toISOString();
  return { subscriber, key, number: parkedNumber(row), id: row.id, expires };
}

const FENCE = { kind: 'companion', of: 'fence' } as const;

function fence(item: TransactWriteItem): Action {
  return { item, role: FENCE, row: 'the fence of its key' };
}

function unpark({ table }: Ledger, { subscriber, key, number }: Place): Action {
  const Delete = {
    TableName: table,
    Key: toItem(parkKey(subscriber, key, number)),
    ConditionExpression: 'attribute_exists(pk)',
  };
  return { item: { Delete }, role: FENCE, row: 'the parked message' };
}

/** That what the message follows has ended, and it has not been overtaken: by the numbers alone. */
function isDue(after: number): string {
  return after > 0 ? 'n >= :after AND n < :n' : '(attribute_not_exists(n) OR n < :n)';
}

function unmoved(seen: LastRow | undefined, values: Record<string, unknown>) {
  const isNew = seen?.n === undefined;
  const all = { ...values, ...(!isNew && { ':seen': seen.n }) };
  return {
    ConditionExpression: isNew ? 'attribute_not_exists(n)' : 'n = :seen',
    ...(Object.keys(all).length > 0 && { ExpressionAttributeValues: toItem(all) }),
  };
}
