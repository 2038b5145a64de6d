import { expect, onTestFinished, test } from 'vitest';
import { PaymentProvider, type PaymentProviderOptions } from '../../demo/payment-provider.ts';
import { auditProvider, providerVerdict } from '../../demo/provider-audit.ts';
import { paymentProviderAt } from '../../examples/commerce/payment-provider.ts';
import { NotDone } from '../../lib/contract/errors.ts';

const { signal } = new AbortController();

/** A provider, and the shop's client of it. */
async function opened(options: PaymentProviderOptions = {}) {
  const provider = await PaymentProvider.open({ trouble: () => undefined, ...options });
  onTestFinished(() => provider.close());
  return { provider, client: paymentProviderAt(provider.url) };
}

test('a key is charged once while the provider keeps it, and again once it has forgotten it', async () => {
  let now = 0;
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const { provider, client } = await opened({ keepsKeysMs: 50, clock });
  const first = await client.charge('r.1_1', 250, { signal });
  expect(await client.charge('r.1_1', 250, { signal })).toEqual(first);
  expect(provider.book).toEqual([{ id: first.chargeId, reference: 'r.1_1', amountCents: 250 }]);
  now = 50;
  await client.charge('r.1_1', 250, { signal });
  expect(provider.book).toHaveLength(2);
});

test.each(['error', 'lost'] as const)(
  'what is charged and not answered (%s) is found by its reference',
  async (trouble) => {
    const { provider, client } = await opened({ trouble: () => trouble });
    await expect(client.charge('r.1_1', 250, { signal })).rejects.not.toThrow(NotDone);
    expect(await client.find('r.1_1')).toEqual({ chargeId: provider.book[0]?.id });
    expect(await client.find('r.2_1')).toBeUndefined();
    expect(provider).toMatchObject({ troubles: { [trouble]: 1 }, asked: 2 });
  },
);

test('a late request is carried out though its sender has gone, and its key is in use until then', async () => {
  const waits = Promise.withResolvers<void>();
  const carriedOut = Promise.withResolvers<void>();
  const sleep = () => {
    waits.resolve();
    return carriedOut.promise;
  };
  const { provider, client } = await opened({ trouble: () => 'late', clock: { now: () => 0, sleep } });
  const sender = new AbortController();
  const gone = client.charge('r.1_1', 250, { signal: sender.signal });
  await waits.promise;
  sender.abort(new Error('the sender has gone'));
  await expect(gone).rejects.toThrow('the sender has gone');
  await expect(client.charge('r.1_1', 250, { signal })).rejects.toThrow('409');
  expect(provider.book).toEqual([]);
  carriedOut.resolve();
  await provider.settled();
  expect(provider.book).toHaveLength(1);
});

test('what the provider refuses was surely not done', async () => {
  const { provider, client } = await opened();
  await expect(client.charge('r.1_1', -1, { signal })).rejects.toThrow(NotDone);
  expect(provider.book).toEqual([]);
});

test('its book is audited beside the payments of the shop', () => {
  const order = (orderId: string, amountCents: number) => ({
    ...{ orderId, amountCents, customerId: 'c', sku: 's', quantity: 1, paymentSequence: 1 },
    placedAt: '2026-01-01T00:00:00Z',
  });
  const charge = (reference: string, amountCents: number) => ({ id: 'ch', reference, amountCents });
  const books = { troubles: { late: 0, error: 0, lost: 0 }, asked: 0 };
  const paid = [order('r.1', 100), order('r.2', 200), order('r.3', 300), order('r.4', 400)];
  const book = [
    ...[charge('r.1_1', 100), charge('r.2_1', 200), charge('r.2_1', 200), charge('r.3_1', 301)],
    ...[charge('r.5_1', 500), charge('earlier.1_1', 100)],
  ];
  const audit = auditProvider({ ...books, book }, paid, 'r');
  expect(providerVerdict(audit)).toEqual({ charges: 5, doubled: ['r.2_1'], missing: ['r.4_1'] });
  expect(audit.wrong).toEqual(['r.3_1', 'r.5_1']);
  expect(audit.summary).toContain('5 charges of $13.01');
});
