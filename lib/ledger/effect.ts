import type { Put } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { Expression } from '../aws/expression.ts';
import type { Envelope } from '../message/envelope.ts';
import { getRow, type Ledger, type Update, updateRow, type Written } from './ledger.ts';
import { type EffectAttribute, type EffectState, type EffectsRow, effectsKey } from './rows/effect.ts';
import { INBOX_AFTERLIFE, type LedgerKey } from './rows/layout.ts';

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

/** The write that keeps the effects of a message from beginning, on condition that none has. */
export function effectsTombstone({ environment, table }: Ledger, subscriber: string, envelope: Envelope): Put {
  const row: EffectsRow = {
    ...effectsKey(subscriber, envelope.id),
    cancelled: environment.now(),
    ttl: Math.ceil((Date.parse(envelope.expires) + INBOX_AFTERLIFE) / 1000),
  };
  return {
    TableName: table,
    Item: toItem(row),
    ConditionExpression: 'attribute_not_exists(pk) OR taken = :none',
    ExpressionAttributeValues: { ':none': { N: '0' } },
  };
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

/** Notes that a message has begun an effect that lies elsewhere, unless it was cancelled. */
export function noteEffectElsewhere(
  ledger: Ledger,
  { key, ttl }: Omit<EffectPlace, 'attribute'>,
): Promise<Written<EffectsRow>> {
  const expression = new Expression('an effect');
  return change(ledger, { key }, expression, {
    UpdateExpression: `SET ${expression.name('taken')} = ${expression.value('taken', 1)}, ${expression.name('ttl')} = ${expression.value('ttl', ttl)}`,
    ConditionExpression: `attribute_not_exists(${expression.name('cancelled')})`,
  });
}

/** Writes an effect's next state over one that is still running as it was seen: by the same owner, as often taken over. */
export function moveEffect(
  ledger: Ledger,
  place: EffectPlace,
  seen: Pick<EffectState, 'owner' | 'generation'>,
  next: EffectState | undefined,
): Promise<Written<EffectsRow>> {
  const expression = new Expression('an effect');
  const effect = expression.name(place.attribute);
  const is = (column: keyof EffectState, value: unknown) =>
    `${effect}.${expression.name(column)} = ${expression.value(column, value)}`;
  const condition = [is('state', 'running'), is('owner', seen.owner), is('generation', seen.generation)];
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
