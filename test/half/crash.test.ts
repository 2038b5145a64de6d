import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HalfMessage } from '../../lib/half/half.ts';
import { producer } from '../../lib/public/producer.ts';
import { type Bank, MoneySent, openBank, SENT, settled } from './bank.ts';

/** Before a request reaches AWS, or after it was carried out and before its reply comes. */
const moments = [true, false];

/** What is left when the producer is gone: relay, forwarder, subscriber, and reconciliation whenever it likes. */
async function recover(bank: Bank): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await bank.deliver();
    bank.heal();
  }
  await bank.deliver();
}

/** Whether the message must take effect: its row is there. */
const isDurable = (bank: Bank) => bank.outbox().length > 0;

test.each([0, 1, 2].flatMap((at) => moments.map((before) => ({ at, before }))))(
  'a producer that is killed at step $at (before: $before) leaves exactly one effect, or never began',
  async (killed) => {
    const bank = openBank();
    void producer.send(MoneySent, SENT, bank.start({ killed }));
    await settled();
    const durable = isDurable(bank);
    expect(durable).toBe(!(killed.at === 0 && killed.before));
    await bank.deliver();
    // The deadline is a minute from its commit.
    await bank.reconcile(4);
    expect([bank.balance(), bank.handled()]).toEqual(durable ? [10, 1] : [0, 0]);
  },
);

test('a producer of a batch that is killed at any step leaves one effect for each durable row', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 28 }), fc.nat(33), fc.boolean(), async (count, at, before) => {
      const bank = openBank();
      const entries = Array.from({ length: count }, (_, index) => ({
        event: MoneySent,
        payload: { account: `account-${index}`, amount: 1 },
      }));
      void producer.sendBatch(entries, bank.start({ killed: { at, before } }));
      await settled();
      const durable = bank.outbox().length;
      await recover(bank);
      expect(bank.handled()).toBe(durable);
    }),
    { numRuns: 12 },
  );
});

test('reconciliation that heals while the producer is still sending does no harm', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('heal', 'deliver'), { maxLength: 6 }), fc.nat(3), async (steps, at) => {
      const bank = openBank();
      const till = bank.start();
      let calls = 0;
      for (const operation of ['PutItem', 'SendMessageBatch', 'UpdateItem']) {
        till.from(operation, async (apply) => {
          if (calls++ === at) {
            for (const step of steps) await (step === 'heal' ? bank.heal() : bank.deliver());
          }
          return apply();
        });
      }
      expect((await producer.send(MoneySent, SENT, till)).state).toBe('sent');
      await recover(bank);
      expect([bank.balance(), bank.handled()]).toEqual([10, 1]);
    }),
    { numRuns: 30 },
  );
});

test.each([0, 1].flatMap((at) => moments.map((before) => ({ at, before }))))(
  'a half message whose producer is killed at step $at (before: $before) takes effect once it is committed by id',
  async (killed) => {
    const bank = openBank();
    let half: HalfMessage | undefined;
    void (async () => {
      half = await producer.prepare(MoneySent, SENT, { ...bank.start({ killed }), transactionId: 't1' });
      await half.commit();
    })();
    await settled();
    await recover(bank);
    const committed = killed.at === 1 && !killed.before;
    expect(bank.handled()).toBe(committed ? 1 : 0);
    const [row] = bank.ledger.rows().filter(({ pk }) => String(pk).startsWith('half#'));
    expect(row?.state).toBe(killed.at === 0 && killed.before ? undefined : committed ? 'committed' : 'prepared');
    if (!row) return;
    await producer.half(String(row.sk), bank.start()).commit();
    await recover(bank);
    expect([bank.balance(), bank.handled()]).toEqual([10, 1]);
  },
);
