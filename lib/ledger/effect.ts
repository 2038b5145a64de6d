import type { Put } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { Expression } from '../aws/expression.ts';
import type { Envelope } from '../message/envelope.ts';
import { getRow, type Ledger, type Update, updateRow, type Written } from './ledger.ts';
import {
  type EffectAttribute,
  type EffectState,
  type EffectsRow,
  effectsIn,
  effectsKey,
  producerEffectsKey,
  sharedAttribute,
  sharedEffectsKey,
  sharedIn,
} from './rows/effect.ts';
import { type LedgerKey, ttlAfter } from './rows/layout.ts';

/** One effect's place in the ledger. */
export interface EffectPlace {
  readonly key: LedgerKey;
  readonly attribute: EffectAttribute;
  /** When DynamoDB may delete the row, in seconds since the epoch. */
  readonly ttl: number;
}

/** The effects of a message at a subscriber, read consistently; `undefined` where none has begun. */
export function readEffects(ledger: Ledger, subscriber: string, id: string): Promise<EffectsRow | undefined> {
  return getRow(ledger, effectsKey(subscriber, id));
}

/** An effect as it is, read consistently; `undefined` where it has not begun. */
export async function readEffect(
  ledger: Ledger,
  { key, attribute }: Pick<EffectPlace, 'key' | 'attribute'>,
): Promise<EffectState | undefined> {
  return (await getRow<EffectsRow>(ledger, key))?.[attribute];
}

/** An effect of a message as it is, and where it lies. */
export interface FoundEffect {
  /** `<name>`, or `<name>/<part>`. */
  readonly name: string;
  readonly key: LedgerKey;
  readonly state: EffectState;
}

/** All effects of a message at a subscriber that have begun, also those that it shares with others. */
export async function effectsOf(ledger: Ledger, subscriber: string, id: string): Promise<FoundEffect[]> {
  const row = await readEffects(ledger, subscriber, id);
  if (!row) return [];
  const key = effectsKey(subscriber, id);
  const found = effectsIn(row).map(([name, state]) => ({ name, key, state }));
  for (const [name, sharedKey] of sharedIn(row)) {
    const place = sharedEffectsKey(subscriber, sharedKey);
    const shared = await getRow<EffectsRow>(ledger, place);
    const state = shared && effectsIn(shared).find(([other]) => other === name)?.[1];
    if (state) found.push({ name, key: place, state });
  }
  return found.sort((one, other) => one.state.since - other.state.since);
}

/** The effects that a producer has called under a key. */
export async function effectsCalled(ledger: Ledger, producer: string, key: string): Promise<FoundEffect[]> {
  const place = producerEffectsKey(producer, key);
  const row = await getRow<EffectsRow>(ledger, place);
  return row ? effectsIn(row).map(([name, state]) => ({ name, key: place, state })) : [];
}

/** The write that keeps the effects of a message from beginning, on condition that none has. */
export function effectsTombstone({ environment, table }: Ledger, subscriber: string, envelope: Envelope): Put {
  const row: EffectsRow = {
    ...effectsKey(subscriber, envelope.id),
    cancelled: environment.now(),
    ttl: ttlAfter(envelope.expires),
  };
  return {
    TableName: table,
    Item: toItem(row),
    ConditionExpression: 'attribute_not_exists(pk) OR taken = :none',
    ExpressionAttributeValues: { ':none': { N: '0' } },
  };
}

/** Keeps effects from beginning any more, and tells those that have. */
export async function fenceEffects(ledger: Ledger, key: LedgerKey, ttl: number): Promise<EffectsRow> {
  const { row } = await updateRow<EffectsRow>(ledger, key, {
    UpdateExpression: 'SET cancelled = if_not_exists(cancelled, :now), #ttl = :ttl',
    ExpressionAttributeNames: { '#ttl': 'ttl' },
    ExpressionAttributeValues: { ':now': { N: String(ledger.environment.now()) }, ':ttl': { N: String(ttl) } },
    ReturnValues: 'ALL_NEW',
  });
  return row ?? { ...key, ttl };
}

/** Writes that an effect is running, unless it has begun before or its message was cancelled: then tells what lies there. */
export function takeEffect(ledger: Ledger, place: EffectPlace, state: EffectState): Promise<Written<EffectsRow>> {
  const expression = new Expression('an effect');
  const effect = expression.name(place.attribute);
  const set = `SET ${effect} = ${expression.value(place.attribute, state)}, ${expression.name('ttl')} = ${expression.value('ttl', place.ttl)}`;
  return change(ledger, place, expression, {
    UpdateExpression: `${set} ADD ${expression.name('taken')} ${expression.value('taken', 1)}`,
    ConditionExpression: `attribute_not_exists(${effect}) AND attribute_not_exists(${expression.name('cancelled')})`,
  });
}

/** Notes where the effect lies that a message shares with others, unless the message was cancelled. */
export function noteSharedEffect(
  ledger: Ledger,
  { key, attribute, ttl }: EffectPlace,
  sharedKey: string,
): Promise<Written<EffectsRow>> {
  const expression = new Expression('an effect');
  const set = { taken: 1, [sharedAttribute(attribute)]: sharedKey, ttl };
  const assignments = Object.entries(set).map(
    ([column, value]) => `${expression.name(column)} = ${expression.value(column, value)}`,
  );
  return change(ledger, { key }, expression, {
    UpdateExpression: `SET ${assignments.join(', ')}`,
    ConditionExpression: `attribute_not_exists(${expression.name('cancelled')})`,
  });
}

/** Writes an effect's next state over one that is still as it was seen: of the same owner, as often taken over. */
export function moveEffect(
  ledger: Ledger,
  place: EffectPlace,
  seen: Pick<EffectState, 'state' | 'owner' | 'generation'>,
  next: EffectState | undefined,
): Promise<Written<EffectsRow>> {
  const expression = new Expression('an effect');
  const effect = expression.name(place.attribute);
  const is = (column: keyof EffectState, value: unknown) =>
    `${effect}.${expression.name(column)} = ${expression.value(column, value)}`;
  const condition = [is('state', seen.state), is('owner', seen.owner), is('generation', seen.generation)];
  return change(ledger, place, expression, {
    UpdateExpression: next
      ? `SET ${effect} = ${expression.value(place.attribute, next)}`
      : `REMOVE ${effect} ADD ${expression.name('taken')} ${expression.value('taken', -1)}`,
    ConditionExpression: condition.join(' AND '),
  });
}

function change(
  ledger: Ledger,
  { key }: Pick<EffectPlace, 'key'>,
  expression: Expression,
  update: Update,
): Promise<Written<EffectsRow>> {
  return updateRow(ledger, key, {
    ...update,
    ...expression.attributes(),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
}
