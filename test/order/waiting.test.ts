import { describe, expect, it } from 'vitest';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { skipMessage } from '../../lib/cli/order.ts';
import { traceTree } from '../../lib/cli/trace-tree.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
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

async function deposit({ environment }: { environment: ReturnType<MemoryStack['environment']> }, ...some: number[]) {
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
