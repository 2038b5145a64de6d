import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { ChargeCard, ChargeRequested } from './contract.ts';
import { handler } from './functions/charge-card.ts';

/** A provider that answers with the status that it is told. */
async function openProvider() {
  const charged = new Map<string, number>();
  let status = 200;
  const server = createServer((request, response) => {
    const order = request.url ?? '';
    if (status === 200) charged.set(order, (charged.get(order) ?? 0) + 1);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  process.env.PROVIDER_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answers = (next: number) => {
    status = next;
  };
  return { charged, answers };
}

test('while the provider is out charges wait, and none is buried', async () => {
  const provider = await openProvider();
  const stack = new MemoryStack({
    subscribers: [ChargeCard],
    handlers: { 'charge-card': handler },
    breakers: { 'charge-card': {} },
  });
  const environment = stack.environment();
  provider.answers(503);
  for (let order = 1; order <= 30; order++) {
    await publish(ChargeRequested, { orderId: String(order), amountCents: 990 }, { environment });
    await stack.advance('100ms');
  }
  await stack.advance('1m');
  expect(provider.charged.size).toBe(0);
  expect(await stack.deadLetters('charge-card')).toEqual([]);

  provider.answers(200);
  await stack.advance('10m');
  expect([...provider.charged.values()]).toEqual(Array.from({ length: 30 }, () => 1));
});
