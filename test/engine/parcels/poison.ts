import { randomBytes } from 'node:crypto';
import { defineEvent, type EventDefinition } from 'waybill';
import * as z from 'zod/mini';
import { createEnvelope, encodeEnvelope } from '../../../lib/message/envelope.ts';

/** A record that no subscriber can handle, and the reason for which it must be dead-lettered, unchanged. */
export interface Poison {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly reason: string;
  /** The message id, where there is one: then the ledger says `dead` too. */
  readonly id?: string;
}

const anything = { schema: z.record(z.string(), z.unknown()), key: () => 'poison', businessLine: 'parcels' };

/**
 * What SQS carries: text of at most 1 MiB.
 *
 * @param type an event type that the subscriber consumes
 * @param ledger the subscriber's
 */
export function queuePoison(type: string, ledger: string): Poison[] {
  const ofType = (now?: number) => made(type, ledger, now);
  return [
    malformed('no JSON', '{"parcelId":'),
    malformed('no envelope', '{"parcelId":"a"}'),
    malformed('too deep', '['.repeat(500_000)),
    malformed('a __proto__ key', ofType().text.replace('"data":{', '"data":{"__proto__":{"a":1},')),
    malformed('1 MiB', 'x'.repeat(1024 * 1024)),
    { name: 'wrong schema', reason: 'invalid-payload', ...envelope(ofType()) },
    { name: 'expired', reason: 'expired', ...envelope(ofType(Date.now() - 15 * 86_400_000)) },
    { name: 'foreign', reason: 'foreign-ledger', ...envelope(made(type, 'elsewhere')) },
  ];
}

/** What Kinesis carries: any bytes. */
export function streamPoison(type: string, ledger: string): Poison[] {
  return [
    ...queuePoison(type, ledger).filter(({ name }) => name !== '1 MiB'),
    malformed('no text', Buffer.from([0xff, 0xfe, 0x00, 0xc3])),
    malformed('almost 1 MiB', Buffer.alloc(1024 * 1024 - 16, 0xff)),
  ];
}

/** The largest record of Kinesis, which neither the engine's Kinesis nor an event source takes: for a direct invocation. */
export function largestPoison(): Poison {
  return malformed('10 MiB', Buffer.alloc(10 * 1024 * 1024, '['));
}

function malformed(name: string, bytes: string | Uint8Array): Poison {
  return { name, reason: 'malformed-message', bytes: Buffer.from(bytes) };
}

/** What Lambda is given of a stream with one record. */
export function streamEvent({ bytes }: Poison): object {
  const kinesis = {
    kinesisSchemaVersion: '1.0',
    partitionKey: 'poison',
    sequenceNumber: '49545115243490985018280067714973144582180062593244200961',
    data: Buffer.from(bytes).toString('base64'),
    approximateArrivalTimestamp: Date.now() / 1000,
  };
  return { Records: [{ kinesis, eventSource: 'aws:kinesis', eventName: 'aws:kinesis:record', eventID: 'shard:1' }] };
}

/** A well-formed envelope with a payload that no schema here knows. */
function made(type: string, ledger: string, now = Date.now()): { readonly id: string; readonly text: string } {
  const event: EventDefinition = defineEvent(type, anything) as EventDefinition;
  const context = { now, random: randomBytes, shards: 16, ledger, publisher: 'poison' };
  const message = createEnvelope(event, { poison: true }, context);
  return { id: message.id, text: encodeEnvelope(message) };
}

function envelope({ id, text }: ReturnType<typeof made>): Pick<Poison, 'id' | 'bytes'> {
  return { id, bytes: Buffer.from(text) };
}
