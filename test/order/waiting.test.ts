import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { Rejected } from 'waybill';
import { publish } from 'waybill/runtime';
import { MemoryStack, testLedger } from 'waybill/testing';
import { ENVIRONMENT, type Environment } from '../../lib/aws/environment.ts';
import { skipMessage } from '../../lib/cli/order.ts';
import { traceTree } from '../../lib/cli/trace-tree.ts';
import { readFence } from '../../lib/ledger/fence.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { drain } from '../../lib/order/drain.ts';
import { radarApp } from '../../lib/radar/app.ts';
import { LedgerSource } from '../../lib/radar/index.ts';
import { createReconciler, type Metric } from '../../lib/reconcile/reconciler.ts';
import { trace } from '../../lib/trace/trace.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { Books, booking, Deposited, Project } from './shop.ts';

/** Throws at the first attempts at a movement. */
function failing(cents: number, times: number) {
  let left = times;
  return (one: number) => {
    if (one === cents && left-- > 0) throw new Error('the books are closed');
  };
}

async function deposit({ environment }: { readonly environment: Environment }, ...some: number[]) {
  const ids: string[] = [];
  for (const cents of some) ids.push((await publish(Deposited, { account: 'a', cents }, { environment })).id);
  return ids;
}

describe('a message that is dead while others of its key wait', () => {
  const stackOf = () =>
    new MemoryStack({ subscribers: [Project], handlers: { project: booking(Project, failing(1, 3)) } });

  it('is named by the reconciler, and its metrics say how many there are, and how many are soon to expire', async () => {
    const stack = stackOf();
    const environment = stack.environment();
    const [first = ''] = await deposit({ environment }, 1, 2, 3);
    await stack.advance('10m');
    const put: Metric[] = [];
    const reconcile = createReconciler({ putMetrics: async (_ledger, metrics) => void put.push(...metrics) });
    const reconciler = stack.environment();
    const blocked = async () => {
      put.length = 0;
      await reconcile({ run: 'heal' }, { [ENVIRONMENT]: reconciler });
      return ['order.blocked', 'order.expiring'].map((name) => put.find((metric) => metric.name === name)?.value);
    };
    expect(await blocked()).toEqual([1, 0]);
    // So soon nothing is looked at anew.
    expect(await blocked()).toEqual([1, 0]);
    const told = reconciler.lines.filter(({ message }) => message === 'key blocked');
    expect(told).toMatchObject([1, 2].map(() => ({ fields: { subscriber: 'project', messageId: first, cases: 2 } })));

    await skipMessage(ledgerOf(environment), { id: first }, capturedContext());
    await stack.advance('5m');
    expect(await blocked()).toEqual([0, 0]);
  });

  it('is what they wait for, in the words of a trace', async () => {
    const stack = stackOf();
    const environment = stack.environment();
    const [first, second = ''] = await deposit({ environment }, 1, 2);
    await stack.advance('10m');
    const { table: ledger, shards } = ledgerOf(environment);
    const traced = await trace(environment, { ledger, shards }, second);
    expect(traceTree(traced, { now: stack.now }).join('\n')).toContain('waits for its turn, overdue by');
    expect(JSON.stringify(traced)).toContain(`parked behind '${first}', which is dead: redrive or skip it`);
  });

  it('is on the radar, and so is what waits for it', async () => {
    const stack = stackOf();
    const environment = stack.environment();
    const [first, second] = await deposit({ environment }, 1, 2, 3);
    await stack.advance('10m');
    const { table: ledger, shards } = ledgerOf(environment);
    const app = radarApp(new LedgerSource(environment, { ledger, shards }), {
      hosts: () => ['radar'],
      token: 'a token',
    });
    const ask = async (path: string) =>
      (await app.request(`http://radar${path}`, { headers: { host: 'radar' } })).text();
    const { lines } = JSON.parse(await ask('/api/radar')) as { lines: Record<string, { total: object }> };
    expect(JSON.stringify(lines)).toMatch(/"scheduled":2,"dead":1/);
    const page = await ask(`/part/trace/${second}`);
    expect(page).toContain('waits for its turn');
    expect(page).toContain(`parked behind &#39;${first}&#39;, which is dead`);
  });
});

describe('what was sent since its turn had come, and is lost', () => {
  it('is sent again by healing', async () => {
    let lost = 0;
    const stack = new MemoryStack({
      subscribers: [Project],
      handlers: { project: booking(Project, failing(1, 2)) },
      wire: async ({ from, operation, input }, apply) => {
        if (from !== 'project' || operation !== 'SendMessageBatch' || lost > 0) return apply();
        const { Entries = [] } = input as { readonly Entries?: readonly { readonly Id: string }[] };
        lost += Entries.length;
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'lost', MD5OfMessageBody: '' })) };
      },
    });
    await deposit({ environment: stack.environment() }, 1, 2, 3);
    await stack.advance('20s');
    expect([stack.read(Books, { account: 'a' })?.movements, lost]).toEqual(['1', 1]);
    await stack.advance('15m');
    expect(stack.read(Books, { account: 'a' })?.movements).toBe('1 2 3');
  });
});

describe('what is parked while somebody looks for what is parked', () => {
  it('is not forgotten, though as many lie there as before', async () => {
    const shop = testLedger();
    const refusing = (cents: number) => {
      if (cents === 2) throw new Rejected('closed');
    };
    const handler = booking(Project, refusing);
    const [first = '', second = '', third = ''] = await deposit(shop, 1, 2, 3);
    for (const id of [second, first]) await shop.redeliver(handler, id);
    const { dynamodb } = shop.environment;
    let looked = false;
    const send = async (command: object) => {
      const isFirst = command instanceof QueryCommand && !looked;
      looked ||= isFirst;
      // The one that is parked is handled and dies, which does not move the fence.
      if (isFirst) await shop.redeliver(handler, second);
      const answer = await dynamodb.send(command as never);
      if (isFirst) await shop.redeliver(handler, third);
      return answer;
    };
    const environment = { ...shop.environment, dynamodb: { send: send as typeof dynamodb.send } };
    const key = { subscriber: 'project', key: 'a', queueUrl: 'none' };
    expect(await drain(ledgerOf(environment), key, environment.now() + 10_000)).toBeUndefined();
    expect(looked).toBe(true);
    expect(await readFence(ledgerOf(shop.environment), 'project', 'a')).toMatchObject({ n: 1, parked: 1 });
  });
});
