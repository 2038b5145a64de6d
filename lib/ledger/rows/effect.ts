import { EFFECT_PREFIX, type Expiring, type LedgerKey } from './layout.ts';
import { refuseUnfit } from './once.ts';

/**
 * The effects outside of a message at a subscriber, or of a producer under a key of its own, each an attribute of its own, `effect:<name>`, or `effect:<name>/<part>`
 * where a message has one several times.
 */
export interface EffectsRow extends LedgerKey, Expiring {
  /** How many of them have begun and are not known to have come to nothing. */
  readonly taken?: number;
  /** When the message was cancelled, in milliseconds since the epoch: none begins any more. */
  readonly cancelled?: number;
  readonly [attribute: EffectAttribute]: EffectState | undefined;
  /** The keys under which effects lie that the message shares with others. */
  readonly [attribute: SharedAttribute]: string | undefined;
}

export type EffectAttribute = `effect:${string}`;
export type SharedAttribute = `shared:${string}`;

/** An effect as it is stored. Running, and past its `until`, its end is unknown. */
export interface EffectState {
  readonly state: 'running' | 'done';
  /** Who runs it, or has run it: the request and a number of its own. */
  readonly owner: string;
  /** How often it was taken over. */
  readonly generation: number;
  /** When its first run began, in milliseconds since the epoch. */
  readonly since: number;
  /** After this moment its owner runs no more, in milliseconds since the epoch. */
  readonly until: number;
  /** SHA-256 of what it was asked for; `any` where an operator has accepted whatever it is asked for next. */
  readonly input: string;
  /** Of a done one: what the service answered, as JSON. */
  readonly result?: string;
}

/** Where the effects of a message at a subscriber lie. A cancelled message is marked there. */
export function effectsKey(subscriber: string, messageId: string): LedgerKey {
  return { pk: `${EFFECT_PREFIX}${subscriber}#${messageId}`, sk: 'effects' };
}

/**
 * Where the effects lie for which a handler has given a key of its own, so that several messages share them.
 *
 * @throws LimitExceeded when the key is empty or has more than 1,024 bytes
 * @throws InvalidPayload when it holds half a surrogate pair: UTF-8 has none, so that two such keys could become one
 */
export function sharedEffectsKey(subscriber: string, key: string): LedgerKey {
  refuseUnfit(key, `An effect's key of '${subscriber}'`);
  return { pk: `${EFFECT_PREFIX}${subscriber}#${key}`, sk: 'shared' };
}

/**
 * Where an effect lies that a producer has called itself, by the key that it gave.
 *
 * @throws LimitExceeded, InvalidPayload as for `sharedEffectsKey`
 */
export function producerEffectsKey(producer: string, key: string): LedgerKey {
  refuseUnfit(key, `An effect's key of '${producer}'`);
  return { pk: `${EFFECT_PREFIX}${producer}#${key}`, sk: 'called' };
}

/** The attribute of an effect. */
export function effectAttribute(name: string, part?: string): EffectAttribute {
  return part === undefined ? `effect:${name}` : `effect:${name}/${part}`;
}

/** The attribute that says under which key an effect lies that several messages share. */
export function sharedAttribute(attribute: EffectAttribute): SharedAttribute {
  return `shared:${nameIn(attribute)}`;
}

/** The effects in a row that several messages share, by name, and their keys. */
export function sharedIn(row: EffectsRow): [name: string, key: string][] {
  return Object.entries(row).flatMap(([attribute, key]) =>
    attribute.startsWith('shared:') ? [[nameIn(attribute), String(key)]] : [],
  );
}

/** The effects in a row, by name, or `<name>/<part>`. */
export function effectsIn(row: EffectsRow): [name: string, state: EffectState][] {
  return Object.entries(row).flatMap(([attribute, state]) =>
    attribute.startsWith('effect:') ? [[nameIn(attribute), state as EffectState]] : [],
  );
}

function nameIn(attribute: string): string {
  return attribute.slice(attribute.indexOf(':') + 1);
}
