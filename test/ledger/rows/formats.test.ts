import { execFileSync } from 'node:child_process';
import { marshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessage, UnknownRowFormat } from '../../../lib/contract/errors.ts';
import { outboxRowOf } from '../../../lib/ledger/outbox.ts';
import { FORMATS, NEWEST_FORMAT, newestFormat } from '../../../lib/ledger/rows/format.ts';
import { envelopeOf, type OutboxRow, outboxRow } from '../../../lib/ledger/rows/outbox.ts';
import type { PackedOutboxRow } from '../../../lib/ledger/rows/packed-outbox.ts';
import { itemBytes } from '../../../lib/ledger/rows/row-size.ts';
import { payloadOf, uncompressedMessage } from '../../../lib/message/compression.ts';
import { createEnvelope, decodeEnvelope, type Envelope, encodeEnvelope } from '../../../lib/message/envelope.ts';
import { itemBytes as bytesOfItem } from '../../../lib/testing/engines/dynamodb/attribute-value.ts';
import { Anything, context, NOON, publishableKeys, seededRandom, thrownBy } from '../../message/samples.ts';

const formats = fc.constantFrom(...Object.values(FORMATS));
const payloads = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__')),
  // Enough of the same to be compressed.
  fc.array(fc.record({ sku: fc.string(), quantity: fc.nat() }), { minLength: 60, maxLength: 90 }),
);

/** A message as any producer or handler may publish it, of this ledger or another, with any trace and extension. */
const envelopes: fc.Arbitrary<Envelope> = fc
  .record({
    payload: payloads,
    publisher: fc.string({ minLength: 1, maxLength: 20 }),
    ledger: fc.constantFrom('ledger', 'shop-Ledger0815'),
    now: fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) }),
    delay: fc.option(fc.nat({ max: 86_400_000 }), { nil: undefined }),
    generations: fc.nat({ max: 3 }),
    seed: fc.string(),
    given: fc.record(
      {
        partitionkey: publishableKeys,
        version: fc.integer({ min: 1, max: 9 }),
        traceparent: fc.constantFrom(
          `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
          `00-${'a'.repeat(32)}-${'b'.repeat(16)}-03`,
          `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
        ),
        source: fc.constantFrom('/elsewhere', 'ledger/x', '/ledger/a/b'),
        expires: fc.constantFrom('2300-01-01T00:00:00.001Z', '2300-01-01T02:00:00Z'),
        deliverat: fc.constantFrom('2200-01-01T00:00:00Z'),
        priority: fc.constantFrom('high', 7, true, null),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ payload, publisher, ledger, now, delay, generations, seed, given }) => {
    const random = seededRandom(seed);
    let cause: Envelope | undefined;
    for (let generation = 0; generation < generations; generation++) {
      cause = createEnvelope(Anything, 'cause', context({ now, random, ledger, publisher, ...(cause && { cause }) }));
    }
    const deliverAt = delay === undefined ? undefined : now + delay;
    const options = { now, random, ledger, publisher, ...(cause && { cause }), ...(deliverAt && { deliverAt }) };
    return { ...createEnvelope(Anything, payload, context(options)), ...given } as Envelope;
  });

/** A row as it comes back from DynamoDB, or from its stream. */
function stored(row: OutboxRow, { streamed = false } = {}): OutboxRow {
  const item = marshall(row, { removeUndefinedValues: true });
  const cells = Object.entries(item).map(([name, { B, ...value }]) =>
    B && streamed ? [name, { B: Buffer.from(B).toString('base64') }] : [name, B ? { B } : value],
  );
  return outboxRowOf(Object.fromEntries(cells));
}

describe('a row of any format', () => {
  it('is read as the very message that was committed, from the table and from its stream', () => {
    fc.assert(
      fc.property(envelopes, formats, fc.boolean(), (envelope, format, streamed) => {
        const read = envelopeOf(stored(outboxRow(envelope, format), { streamed }), envelope.ledger);
        expect(decodeEnvelope(encodeEnvelope(uncompressedMessage(read)))).toEqual(
          decodeEnvelope(encodeEnvelope(envelope)),
        );
      }),
    );
  });

  it('goes on its way byte for byte as before, where it is not compressed', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        // In a new envelope they stand at their place.
        const { expires, deliverat = expires } = envelope;
        fc.pre(!('priority' in envelope) && !deliverat.endsWith('00Z'));
        const texts = [FORMATS.plain, FORMATS.packed].map((format) =>
          encodeEnvelope(envelopeOf(stored(outboxRow(envelope, format)), envelope.ledger)),
        );
        expect(texts[1]).toBe(texts[0]);
      }),
    );
  });

  it('has type, business line and moment as attributes', () => {
    fc.assert(
      fc.property(envelopes, formats, (envelope, format) => {
        const { type, line, deliverat } = outboxRow(envelope, format) as PackedOutboxRow;
        expect([type, line, deliverat]).toEqual([envelope.type, envelope.businessline, envelope.deliverat]);
      }),
    );
  });

  it('is as large as DynamoDB counts it', () => {
    fc.assert(
      fc.property(envelopes, formats, (envelope, format) => {
        const row = outboxRow(envelope, format);
        expect(itemBytes(row)).toBe(bytesOfItem(marshall(row, { removeUndefinedValues: true })));
      }),
    );
  });

  it('can be made again of what was read, also in another format', () => {
    fc.assert(
      fc.property(envelopes, formats, formats, (envelope, first, second) => {
        const read = envelopeOf(stored(outboxRow(envelope, first)), envelope.ledger);
        const again = envelopeOf(stored(outboxRow(read, second)), envelope.ledger);
        expect(payloadOf(again)).toEqual(payloadOf(decodeEnvelope(encodeEnvelope(envelope))));
        if (second < FORMATS.compressed) expect(again.data_base64).toBeUndefined();
      }),
    );
  });
});

describe('the first format', () => {
  it('is what it always was, and what is written unless the ledger says otherwise', () => {
    const envelope = createEnvelope(Anything, { orderId: '1' }, context());
    expect(outboxRow(envelope)).toEqual({
      pk: 'out#2026-11-23T08:14#7',
      sk: envelope.id,
      envelope: encodeEnvelope(envelope),
      type: 'anything',
      line: 'tests',
      ttl: Math.ceil((NOON + 17 * 86_400_000) / 1000),
    });
  });
});

describe('a format that is not known', () => {
  const row = { ...outboxRow(createEnvelope(Anything, 'x', context()), FORMATS.packed), format: NEWEST_FORMAT + 1 };

  it('is told from bytes that are no message', () => {
    expect(thrownBy(() => envelopeOf(row as OutboxRow, 'ledger'))).toBeInstanceOf(UnknownRowFormat);
    for (const format of ['2', Number.NaN, 0, 1]) {
      expect(thrownBy(() => envelopeOf({ ...row, format } as OutboxRow, 'ledger'))).toBeInstanceOf(UnknownRowFormat);
    }
  });

  it('is any that is newer than an environment is told to know', () => {
    expect(newestFormat({ variables: {} })).toBe(NEWEST_FORMAT);
    expect(newestFormat({ variables: { WAYBILL_NEWEST_FORMAT: '1' } })).toBe(1);
    expect(newestFormat({ variables: { WAYBILL_NEWEST_FORMAT: '99' } })).toBe(NEWEST_FORMAT);
  });
});

it('a row that is not as its format says is corrupt, and its error quotes nothing', () => {
  const row = outboxRow(createEnvelope(Anything, 'secret', context()), FORMATS.packed) as PackedOutboxRow;
  const broken: Partial<Record<keyof PackedOutboxRow, unknown>>[] = [
    { data: '{"secret' },
    { data: undefined },
    { trace: undefined },
    { type: '' },
    { key: undefined },
    { ttl: Number.NaN },
    { more: '{"time":"secret"}' },
    { more: 'secret' },
    { cause: new Uint8Array(3) },
    { chain: 'secret' },
  ];
  for (const change of broken) {
    const error = thrownBy(() => envelopeOf({ ...row, ...change } as OutboxRow, 'ledger'));
    expect([Object.keys(change), error]).toEqual([Object.keys(change), expect.any(MalformedMessage)]);
    expect((error as Error).message).not.toContain('secret');
  }
});

it('a compressed payload is read by hand in a shell', () => {
  const payload = { lines: Array.from({ length: 100 }, (_, line) => ({ sku: `sku-${line}`, quantity: line })) };
  const { data } = outboxRow(createEnvelope(Anything, payload, context()), FORMATS.compressed) as PackedOutboxRow;
  const base64 = Buffer.from(data as Uint8Array).toString('base64');
  const text = execFileSync('sh', ['-c', 'printf %s "$1" | base64 -d | gunzip', 'sh', base64], { encoding: 'utf8' });
  expect(JSON.parse(text)).toEqual(payload);
});
