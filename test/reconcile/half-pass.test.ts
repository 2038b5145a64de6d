import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { METRICS } from '../../lib/contract/metrics.ts';
import { minuteOf } from '../../lib/contract/timestamp.ts';
import { checkBack, type TransactionOutcome } from '../../lib/half/check-back.ts';
import { reconcileKey } from '../../lib/ledger/rows/cursor.ts';
import { halfKey, halfPartition } from '../../lib/ledger/rows/half.ts';

import { mintMessageId } from '../../lib/message/message-id.ts';
import { producer } from '../../lib/public/producer.ts';
import { createReconciler } from '../../lib/reconcile/reconciler.ts';
import { lambdaContext } from '../../lib/testing/lambda/lambda-event.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { BANK_NOW, MoneySent, openBank, refusedBy, requestLost, SENT } from '../half/bank.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** By then the first pass has come past what was prepared at the beginning. */
const PASSED = 16;

/** A ledger whose reconciler has run before, and whose stream loses what is said to be lost. */
async function lossy() {
  const bank = openBank();
  const owner = bank.start();
  const reconciler = bank.start();
  const handler = createReconciler({ putMetrics: async () => undefined });
  const reconcile = () => handler({}, lambdaContext(reconciler.environment, 'reconcile', 60_000));
  const waitFor = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      bank.clock.pass(MINUTE);
      await reconcile();
    }
  };
  await reconcile();
  return {
    bank,
    owner,
    reconciler,
    reconcile,
    waitFor,
    /** A half message whose row the stream has lost. */
    lose: async (transactionId = 't1') => {
      const half = await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId });
      await bank.loseChanges();
      return half;
    },
    requests: () => bank.checkBack.messages().map(({ body }) => (JSON.parse(body) as { half: string }).half),
    /** The check-back's function, whenever a request shows itself. */
    answer: async (answer: TransactionOutcome, until: number) => {
      const ask = checkBack(MoneySent, async () => answer);
      for (;;) {
        while (await bank.drain(bank.checkBack, ask, owner.environment));
        const next = Math.min(...bank.checkBack.messages().map(({ visibleAt }) => visibleAt));
        if (next > until) break;
        bank.clock.pass(Math.max(0, next - bank.clock.now()));
      }
    },
    rewind: (pass: string, item: ReturnType<typeof bank.ledger.get>) =>
      bank.ledger.write(toItem(reconcileKey(pass)), item),
    cursor: (pass: string) => bank.ledger.get(toItem(reconcileKey(pass))),
    asked: () => reconciler.environment.lines.filter(({ message }) => message === 'half message asked for'),
    counted: (name: string) => reconciler.environment.counted[`reconcile.${name}`] ?? 0,
  };
}

test('a half message whose row the stream has lost is asked for, told, counted, and takes effect', async () => {
  const { bank, lose, waitFor, answer, requests, asked, counted, reconciler } = await lossy();
  const { id } = await lose();
  await waitFor(PASSED);
  // What the first pass overlooks waits for a day; the second may overlook what the first has seen.
  const read = (from: number, to: number) => {
    const [first, last] = [from, to].map((time) => halfPartition(minuteOf(time), 0)) as [string, string];
    const queries = reconciler.calls.flatMap(({ operation, input }) =>
      operation === 'Query' ? [input as QueryCommandInput] : [],
    );
    const pass = queries.filter(({ ExpressionAttributeValues }) => {
      const { S = '' } = ExpressionAttributeValues?.[':pk'] ?? {};
      return S >= first && S < last;
    });
    return new Set(pass.map(({ ConsistentRead = false }) => ConsistentRead));
  };
  expect([read(BANK_NOW - HOUR, BANK_NOW + HOUR), read(BANK_NOW - 26 * HOUR, BANK_NOW - HOUR)]).toEqual([
    new Set([true]),
    new Set([false]),
  ]);
  expect(requests()).toEqual([id]);
  expect(asked()).toMatchObject([{ level: 'warn', fields: { half: id } }]);
  expect([counted('asked'), counted('unasked')]).toEqual([1, 0]);
  const summaries = reconciler.environment.lines.filter(({ message }) => message === 'reconcile');
  expect(summaries.filter(({ fields }) => fields.asked === 1)).toHaveLength(1);
  await answer('commit', bank.clock.now() + MINUTE);
  await bank.deliver();
  expect([bank.half(id)?.state, bank.handled()]).toEqual(['committed', 1]);
});

test('who has been asked, or need not be, is left alone', async () => {
  const { bank, lose, waitFor, answer, requests, counted } = await lossy();
  const [committed, rolledBack, quarantined] = [await lose('t1'), await lose('t2'), await lose('t3')];
  await committed.commit();
  await rolledBack.rollback();
  const row = bank.half(quarantined.id);
  bank.ledger.write(toItem(halfKey(quarantined.id)), toItem({ ...row, quarantined: bank.clock.now() }));
  await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId: 't4' });
  await bank.deliver();
  await answer('unknown', bank.clock.now() + 5 * MINUTE);
  const before = requests();
  await waitFor(PASSED);
  expect([requests(), counted('asked')]).toEqual([before, 0]);
});

test('one that was prepared less than ten minutes ago is left to the relay', async () => {
  const { lose, waitFor, requests } = await lossy();
  await lose();
  await waitFor(9);
  expect(requests()).toEqual([]);
});

test('whose request is lost, too, is asked for again after a day', async () => {
  const { bank, lose, waitFor, requests, cursor, rewind, counted } = await lossy();
  const { id } = await lose();
  await waitFor(PASSED);
  const [request] = bank.checkBack.receive(10);
  bank.checkBack.delete(request?.receiptHandle ?? '');
  expect(requests()).toEqual([]);
  const pass = cursor('half-day');
  bank.clock.pass(24 * HOUR);
  // As if it had run meanwhile, and found nothing.
  rewind('half-day', { ...pass, upTo: { N: String(Number(pass?.upTo?.N) + 24 * HOUR - 20 * MINUTE) } });
  await waitFor(10);
  expect([requests(), counted('asked')]).toEqual([[id], 2]);
});

test('each pass has it asked once, however often a run is repeated, dies, or crosses another', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('run', 'die', 'cross'), { minLength: 20, maxLength: 30 }),
      async (steps) => {
        const { bank, lose, reconcile, requests, rewind, cursor, counted } = await lossy();
        const { id } = await lose();
        for (const step of steps) {
          bank.clock.pass(MINUTE);
          const before = cursor('half');
          if (step === 'cross') await Promise.all([reconcile(), reconcile()]);
          else await reconcile();
          // Before it wrote down where it stands.
          if (step === 'die') rewind('half', before);
        }
        await reconcile();
        const crossed = steps.includes('cross') ? 2 : 1;
        expect(counted('asked')).toBeGreaterThanOrEqual(1);
        expect(counted('asked')).toBeLessThanOrEqual(crossed);
        expect(new Set(requests())).toEqual(new Set([id]));
      },
    ),
    { numRuns: 15 },
  );
});

test('where it cannot be written down that somebody asks, that is told, and the request goes out', async () => {
  const { lose, waitFor, requests, reconciler } = await lossy();
  const { id } = await lose();
  reconciler.from('UpdateItem', refusedBy('AccessDeniedException'));
  await waitFor(PASSED);
  expect(requests()).toEqual([id]);
  expect(reconciler.environment.lines).toContainEqual({
    level: 'warn',
    message: 'not marked',
    fields: { half: id, error: 'transaction-refused' },
  });
});

test('a queue that does not take the request is tried again with the next minutes, and told', async () => {
  const { lose, waitFor, requests, reconciler, counted, cursor } = await lossy();
  const { id } = await lose();
  reconciler.from('SendMessageBatch', refusedBy('KmsAccessDenied'));
  await waitFor(12);
  expect([requests(), counted('asked'), counted('unasked')]).toEqual([[], 0, 1]);
  expect(cursor('half')?.again?.L).toEqual([{ S: id }]);
  expect(reconciler.environment.lines).toContainEqual({
    level: 'error',
    message: 'half message not asked for',
    fields: { half: id, reason: 'KmsAccessDenied' },
  });
  reconciler.from('SendMessageBatch', (apply) => apply());
  await waitFor(5);
  expect([requests(), cursor('half')?.again?.L]).toEqual([[id], []]);
  await waitFor(30);
  expect(counted('asked')).toBe(1);
});

test('one that no queue takes for two days is quarantined, and an alarm tells', async () => {
  const { bank, lose, waitFor, reconciler, cursor, rewind, requests } = await lossy();
  const { id } = await lose();
  reconciler.from('SendMessageBatch', refusedBy('AccessDenied'));
  const pass = cursor('half-day');
  bank.clock.pass(48 * HOUR - 8 * MINUTE);
  rewind('half-day', { ...pass, again: { L: [{ S: id }] }, upTo: { N: String(Number(pass?.upTo?.N) + 47 * HOUR) } });
  await waitFor(5);
  expect([cursor('half-day')?.again?.L, bank.half(id)?.quarantined]).toEqual([[{ S: id }], undefined]);
  await waitFor(10);
  expect([requests(), cursor('half-day')?.again?.L]).toEqual([[], []]);
  expect(bank.half(id)).toMatchObject({ state: 'prepared', quarantined: expect.any(Number) });
  expect(reconciler.environment.counted[METRICS.halfQuarantined]).toBe(1);
});

test('a queue that is gone holds nobody up, and an alarm tells', async () => {
  const { bank, lose, waitFor, requests, counted, reconciler } = await lossy();
  const variables = { WAYBILL_CHECK_BACK_QUEUE_URL: bank.checkBack.url.replace('check-back', 'gone') };
  const unheard = await producer.prepare(MoneySent, SENT, { ...bank.start({ variables }), transactionId: 't0' });
  const { id } = await lose();
  await waitFor(PASSED + 30);
  expect(bank.half(unheard.id)).toMatchObject({ state: 'prepared', quarantined: expect.any(Number) });
  expect(reconciler.environment.counted[METRICS.halfQuarantined]).toBe(1);
  expect([requests(), counted('asked'), counted('unasked')]).toEqual([[id], 1, 1]);
});

test('where it cannot be written down that it was asked for, it is asked for all the same', async () => {
  const { lose, waitFor, requests, reconciler } = await lossy();
  const { id } = await lose();
  reconciler.from('UpdateItem', requestLost);
  await waitFor(PASSED + 30);
  expect(requests()).toEqual([id]);
});

test.each<TransactionOutcome>(['commit', 'rollback'])('of two requests, one decides: %s', async (decision) => {
  const { bank, waitFor, answer, requests } = await lossy();
  // The relay has it asked, but the check-back stands still, so that nothing says so.
  const half = await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId: 't1' });
  await bank.deliver();
  await waitFor(PASSED);
  expect(requests()).toEqual([half.id, half.id]);
  await answer('unknown', bank.clock.now() + HOUR);
  expect(requests()).toHaveLength(2);
  await answer(decision, bank.clock.now() + HOUR);
  await bank.deliver();
  const committed = decision === 'commit' ? 1 : 0;
  expect([requests(), bank.outbox().length, bank.handled()]).toEqual([[], committed, committed]);
});

test('of two requests that are never answered, one tells, and both end', async () => {
  const { bank, waitFor, answer, requests, owner } = await lossy();
  const half = await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId: 't1' });
  await bank.deliver();
  // The check-back asks, and cannot say so.
  owner.from('UpdateItem', refusedBy('AccessDeniedException'));
  await answer('unknown', bank.clock.now() + 5 * MINUTE);
  await waitFor(PASSED);
  expect(requests()).toHaveLength(2);
  owner.from('UpdateItem', (apply) => apply());
  await answer('unknown', bank.clock.now() + 80 * HOUR);
  expect([requests(), bank.half(half.id)?.state]).toEqual([[], 'prepared']);
  expect(bank.half(half.id)?.quarantined).toBeDefined();
  expect(owner.environment.counted[METRICS.halfQuarantined]).toBe(1);
});

test('thousands are asked for by several runs, each once', { timeout: 60_000 }, async () => {
  const { bank, lose, waitFor, requests, reconciler } = await lossy();
  const { id } = await lose();
  const row = bank.half(id);
  const lost = new Set([id]);
  const random = seededRandom(2);
  for (let count = 0; count < 9_000; count++) {
    // Three minutes of those that one run looks at together.
    const now = BANK_NOW + MINUTE + (count % 3) * MINUTE + count;
    const key = halfKey(mintMessageId({ now, random: random(16), key: String(count), shards: 16 }));
    lost.add(key.sk);
    bank.ledger.write(toItem(key), toItem({ ...row, ...key }));
  }
  await waitFor(PASSED + 10);
  expect(requests()).toHaveLength(lost.size);
  expect(new Set(requests())).toEqual(lost);
  const summaries = reconciler.environment.lines.filter(({ message }) => message === 'reconcile');
  expect(summaries.flatMap(({ fields }) => fields.asked ?? [])).toEqual([1, 6_000, 3_000]);
});
