import { expect, test } from 'vitest';
import { Ledger, LedgerAlarms } from '../../../lib/public/constructs.ts';
import { shop } from '../rules/proved-shop.ts';
import { handlerIn, only, type Resources, resourcesOf, testStack } from '../shop-app.ts';

/** The patterns of partition keys on which the policies whose names begin so allow an action. */
function rowsOf(resources: Resources, policy: string, action: string): string[] {
  const policies = Object.entries(resources).filter(
    ([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.startsWith(policy),
  );
  return policies.flatMap(([, { Properties }]) =>
    (Properties.PolicyDocument.Statement as readonly Statement[])
      .filter(({ Action }) => [Action].flat().includes(action))
      .flatMap(({ Condition }) => Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? []),
  );
}

interface Statement {
  readonly Action: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

test('a ledger whose shards grow tells who publishes and who reconciles, and lets them read and write the row', () => {
  const { stack, ledger } = shop({ ledger: { maxShards: 256 } });
  ledger.grantPublish(handlerIn(stack, 'Till'));
  new LedgerAlarms(stack, 'Alarms', { ledger });
  const resources = resourcesOf(stack);
  for (const name of ['Till', 'LedgerReconcilerFunction', 'LedgerReconcilerWorkers']) {
    const { Properties } = only(resources, 'AWS::Lambda::Function', name);
    expect(Properties.Environment).toMatchObject({ Variables: { WAYBILL_SHARDS: '16', WAYBILL_MAX_SHARDS: '256' } });
  }
  expect(rowsOf(resources, 'Till', 'dynamodb:GetItem')).toContain('shards');
  expect(rowsOf(resources, 'LedgerReconciler', 'dynamodb:PutItem')).toContain('shards');
  const alarm = only(resources, 'AWS::CloudWatch::Alarm', 'AlarmsHotKey');
  expect(alarm.Properties).toMatchObject({ MetricName: 'shards.hot-key' });
});

test('one whose shards do not grow lets nobody do so, and nothing watches them', () => {
  const { stack, ledger } = shop();
  ledger.grantPublish(handlerIn(stack, 'Till'));
  new LedgerAlarms(stack, 'Alarms', { ledger });
  const resources = resourcesOf(stack);
  const text = JSON.stringify(resources);
  expect(text).not.toContain('WAYBILL_MAX_SHARDS');
  expect(text).not.toContain('shards.hot-key');
  expect(rowsOf(resources, 'Till', 'dynamodb:GetItem')).not.toContain('shards');
});

test('what cannot grow is refused', () => {
  const refused = (props: ConstructorParameters<typeof Ledger>[2]) => () => new Ledger(testStack(), 'Ledger', props);
  expect(refused({ maxShards: 16 })).toThrow('`maxShards` is 16, and `shards` is 16: give more, or leave it out');
  expect(refused({ maxShards: 100 })).toThrow(expect.objectContaining({ code: 'invalid-definition' }));
  expect(refused({ maxShards: 64, reconcile: false })).toThrow('Reconciliation has shards grow');
});
