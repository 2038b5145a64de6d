import { Template } from 'aws-cdk-lib/assertions';
import { expect, test, vi } from 'vitest';
import { LedgerWatcher } from '../../lib/public/constructs.ts';
import type { MemoryStackOptions } from '../../lib/public/testing.ts';
import { shop } from '../constructs/rules/proved-shop.ts';
import { openOverload } from '../scale/overload.ts';
import { isAllowed, type RowAction, type RowStatement, rowActionsOf } from './leading-keys.ts';

vi.setConfig({ testTimeout: 30_000 });

/** The statements on the ledger's table of a role. */
function statementsOf(role: RegExp): RowStatement[] {
  const { stack, ledger } = shop({ queue: { breaker: {}, scale: { forecast: { perSecond: 1 } } } });
  new LedgerWatcher(stack, 'Watcher', { ledger });
  return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => role.test(Ref)))
    .flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement as (RowStatement & { readonly Resource: unknown })[],
    )
    .filter(({ Resource }) => /"LedgerTable[^"]*","Arn"/.test(JSON.stringify(Resource)));
}

test('scaler and controller ask for rows that their roles grant, and the scaler for every kind that it is granted', async () => {
  const asked = new Map<string, RowAction[]>([
    ['scaler', []],
    ['controller', []],
  ]);
  const noting: MemoryStackOptions['wire'] = async ({ from, operation, input }, apply) => {
    asked.get(from)?.push(...rowActionsOf(operation, input));
    return apply();
  };
  const overload = openOverload({
    breakers: { 'take-payment': {} },
    scales: { 'take-payment': { doubleAbove: 100, halveBelow: 10, forecast: { perSecond: 1 } } },
    wire: noting,
  });
  overload.switchTo(false);
  await overload.publish(150);
  await overload.stack.advance('70m');
  expect(overload.concurrency()).toBe(10);
  const hanging = openOverload({
    watched: true,
    wire: async (call, apply) => {
      const answer = await noting(call, apply);
      if (call.from !== 'scaler' || call.operation !== 'GetQueueAttributes') return answer;
      const { Attributes } = answer as { readonly Attributes?: object };
      return { Attributes: { ...Attributes, ApproximateNumberOfMessagesNotVisible: '20' } };
    },
  });
  hanging.switchTo(false);
  await hanging.publish(1);
  await hanging.stack.advance('90s');
  expect(hanging.stack.environmentOf('scaler').counted.stalled).toBeGreaterThan(0);
  const stream = openOverload({ watched: true, ofStream: true, wire: noting });
  await stream.stack.advance('65s');
  await stream.publish(1);
  await stream.stack.advance('10s');
  for (const index of [0, 1]) stream.stack.lambda?.update({ UUID: `take-payment-source-${index}`, Enabled: false });
  await stream.publish(1);
  await stream.stack.advance('20s');
  expect(stream.stack.environmentOf('scaler').counted.stalled).toBe(1);
  for (const [name, role] of [['scaler', /^LedgerScaler/] as const, ['controller', /^LedgerController/] as const]) {
    const statements = statementsOf(role);
    const actions = asked.get(name) ?? [];
    expect(actions.length).toBeGreaterThan(10);
    expect(actions.filter((one) => !isAllowed(statements, one))).toEqual([]);
  }
  const kinds = new Set((asked.get('scaler') ?? []).map(({ action, keys }) => `${action} ${keys[0]?.split('#')[0]}`));
  expect([...kinds].sort()).toEqual(
    [
      'GetItem circuit',
      'GetItem scale',
      'PutItem scale',
      'Query in',
      'Query out',
      'Query radar',
      'Query route',
      'Query shards',
      'Query types',
    ].map((kind) => `dynamodb:${kind}`),
  );
});
