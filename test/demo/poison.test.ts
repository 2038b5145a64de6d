import { describe, expect, test } from 'vitest';
import { makePoison } from '../../demo/poison.ts';
import { CountSales, TakePayment } from '../../examples/commerce/contract.ts';
import { fromQueue, fromStream } from '../../lib/aws/record.ts';
import { readRecord } from '../../lib/consume/read-record.ts';
import { fakeEnvironment } from '../aws/fake-environment.ts';

const { now, random } = fakeEnvironment();
const options = { run: 'run', ledger: 'shop', count: 60, now: now(), random };

describe.each([
  ['queue', TakePayment],
  ['stream', CountSales],
] as const)('poison for a %s', (transport, definition) => {
  const made = makePoison({ ...options, subscribers: [{ definition, transport }] });

  test('is of many kinds', () => {
    expect(new Set(made.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(9);
    expect(made.every(({ subscriber }) => subscriber === definition.name)).toBe(true);
  });

  test.each(made.slice(0, 20).map((one) => [one.kind, one] as const))(
    'that is %s is refused for its reason',
    (_, one) => {
      const record =
        transport === 'queue'
          ? fromQueue({ body: Buffer.from(one.bytes).toString(), attributes: {} } as Parameters<typeof fromQueue>[0])
          : fromStream({ kinesis: { data: Buffer.from(one.bytes).toString('base64') } } as Parameters<
              typeof fromStream
            >[0]);
      const reader = {
        environment: { variables: {} },
        subscriber: definition,
        bindings: { ledger: 'shop' },
        received: now(),
      };
      expect(readRecord(reader, record)).toMatchObject({ kind: 'refused', error: { code: one.reason } });
    },
  );
});

test('no two records are the same, so that each dead letter can be told from the others', () => {
  const subscribers = [TakePayment, CountSales].map((definition) => ({ definition, transport: 'queue' as const }));
  const made = makePoison({ ...options, subscribers, count: 200 });
  expect(new Set(made.map(({ sha256 }) => sha256)).size).toBe(200);
  expect(Map.groupBy(made, ({ subscriber }) => subscriber).get('count-sales')).toHaveLength(100);
});

test('a queue can carry all poison that is meant for one', () => {
  const made = makePoison({ ...options, subscribers: [{ definition: TakePayment, transport: 'queue' }] });
  for (const { bytes } of made) {
    expect(Buffer.from(Buffer.from(bytes).toString())).toEqual(Buffer.from(bytes));
    expect(bytes.byteLength).toBeLessThan(1024 * 1024);
  }
});
