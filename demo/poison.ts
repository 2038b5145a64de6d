import { hash } from 'node:crypto';
import type { SubscriberDefinition } from 'waybill';
import { mintMessageId } from '../lib/message/message-id.ts';

/** A record that no subscriber can handle, and how it must end: dead-lettered, unchanged, for this reason. */
export interface Poison {
  readonly subscriber: string;
  readonly kind: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** The error code in the dead letter. */
  readonly reason: string;
}

interface Context {
  /** Makes every record of the run one of its own. */
  readonly run: string;
  /** Of the subscribers. */
  readonly ledger: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: (bytes: number) => Uint8Array;
}

export interface PoisonOptions extends Context {
  readonly count: number;
  /** Whom it goes to, in turn. */
  readonly subscribers: readonly { readonly definition: SubscriberDefinition; readonly transport: Transport }[];
}

type Transport = 'queue' | 'stream';

/** Makes records of every kind that must not get through, for every subscriber. */
export function makePoison({ count, subscribers, ...context }: PoisonOptions): Poison[] {
  return Array.from({ length: count }, (_, index) => {
    const { definition, transport } = subscribers[index % subscribers.length] as (typeof subscribers)[number];
    const kinds = KINDS.filter(([, , , only = transport]) => only === transport);
    const round = Math.floor(index / subscribers.length);
    const [kind, reason, make] = kinds[round % kinds.length] as Kind;
    const ingredients = { ...context, definition, name: `${context.run}.poison-${index}`, first: round < kinds.length };
    const bytes = Buffer.from(make(ingredients));
    return { subscriber: definition.name, kind, bytes, sha256: hash('sha256', bytes), reason };
  });
}

interface Ingredients extends Context {
  readonly name: string;
  readonly definition: SubscriberDefinition;
  /** Whether it is the first of its kind: the large kinds are large once. */
  readonly first: boolean;
}

type Kind = readonly [
  ...[kind: string, reason: string, make: (it: Ingredients) => string | Uint8Array],
  only?: Transport | undefined,
];

const HOUR_MS = 3_600_000;
const INVALID = Buffer.from([0xff, 0xfe, 0x00, 0xc3]);
const PROTO = '"data":{"__proto__":{"admin":true},';

const KINDS: readonly Kind[] = [
  ['no JSON', 'malformed-message', ({ name }) => `{"${name}`],
  ['wrong schema', 'invalid-payload', (it) => envelope(it, { data: { orderId: it.name } })],
  ['no envelope', 'malformed-message', ({ name }) => JSON.stringify({ hello: name })],
  // A queue carries text only.
  ['no text', 'malformed-message', ({ name }) => Buffer.concat([Buffer.from(name), INVALID]), 'stream'],
  ['__proto__ key', 'malformed-message', (it) => envelope(it, {}).replace('"data":{', PROTO)],
  ['too deep', 'malformed-message', ({ name, first }) => `{"${name}":${'['.repeat(first ? 500_000 : 500)}`],
  ['expired', 'expired', (it) => envelope(it, { expires: new Date(it.now - HOUR_MS).toISOString() })],
  ['foreign', 'foreign-ledger', (it) => envelope(it, { ledger: it.run })],
  ['too long a life', 'lifetime-exceeded', (it) => envelope(it, { expires: '9999-12-31T00:00:00.000Z' })],
  ['too large', 'malformed-message', ({ name, first }) => name + 'x'.repeat((first ? 900 : 20) * 1024), 'stream'],
  ['no message id', 'malformed-message', (it) => envelope(it, { id: it.name })],
];

/** An envelope that is right but for what is changed. Nobody has committed it. */
function envelope({ run, ledger, name, definition, now, random }: Ingredients, change: object): string {
  const time = now - 2 * HOUR_MS;
  const id = mintMessageId({ now: time, random: random(16), key: name, shards: 1 });
  const event = definition.consumes[0];
  return JSON.stringify({
    ...{ specversion: '1.0', id, source: `/${run}/poison`, type: event?.type, time: new Date(time).toISOString() },
    ...{ datacontenttype: 'application/json', partitionkey: name, version: event?.version },
    ...{ businessline: event?.businessLine, correlationid: id, ledger },
    traceparent: `00-${Buffer.from(random(16)).toString('hex')}-${Buffer.from(random(8)).toString('hex')}-01`,
    ...{ expires: new Date(now + HOUR_MS).toISOString(), data: { name }, ...change },
  });
}
