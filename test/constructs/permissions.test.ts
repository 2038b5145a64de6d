import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import {
  CheckBack,
  ConsumerFunction,
  type DelayedDelivery,
  Ledger,
  QueueChannel,
  StreamChannel,
} from '../../lib/public/constructs.ts';
import {
  CountSales,
  OrderCancelled,
  OrderPlaced,
  ReserveStock,
  resourcesOf,
  statementsOf,
  tableIn,
  testStack,
} from './shop-app.ts';

/** Everything that the constructs can make, with functions of their own. */
function wholeShop(withKey: boolean, delayedDelivery?: DelayedDelivery) {
  const stack = testStack();
  const encryptionKey = withKey ? new kms.Key(stack, 'Key') : undefined;
  const functionOf = (id: string) => new ConsumerFunction(stack, id, { entry: import.meta.filename, encryptionKey });
  const ledger = new Ledger(stack, 'Ledger', { encryptionKey, delayedDelivery });
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  orders.addSubscriber(ReserveStock, { handler: functionOf('Reserve'), tables: { stock: tableIn(stack) } });
  const sales = new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced] });
  sales.addSubscriber(CountSales, {
    handler: functionOf('Count'),
    tables: { 'sales-counts': tableIn(stack, 'Counts') },
  });
  ledger.grantPublish(functionOf('PlaceOrder'));
  const producer = functionOf('Pay');
  ledger.grantSend(producer);
  ledger.grantCancel(producer);
  ledger.grantEffects(producer);
  new CheckBack(stack, 'CheckBack', { ledger, handler: functionOf('Ask'), producer });
  return stack;
}

describe.each([
  ['keys that AWS manages', false, 'sweep'],
  ["a customer's key", true, 'sweep'],
  ['a schedule for each delayed message', false, 'schedules'],
] as const)('with %s', (_, withKey, delayedDelivery) => {
  const stack = wholeShop(withKey, delayedDelivery);
  const allowed = statementsOf(resourcesOf(stack)).filter(({ effect }) => effect === 'Allow');

  test('no policy allows a wildcard action', () => {
    // What CDK writes into the policy of a key itself is the account's own right to it.
    const wildcards = allowed.filter(({ type, actions }) => type !== 'AWS::KMS::Key' && actions.join().includes('*'));

    expect(allowed.length).toBeGreaterThan(20);
    expect(wildcards).toEqual([]);
  });

  test('a wildcard resource is the objects of one prefix of the quarantine bucket, the schedules of one group, or of an action that knows no resource', () => {
    const resources = allowed
      .filter(({ type }) => type === 'AWS::IAM::Policy')
      .flatMap(({ actions, resources: arns }) => arns.map((arn) => ({ actions, arn: JSON.stringify(arn) })))
      .filter(({ arn }) => arn.includes('*'));

    expect(resources.length).toBeGreaterThan(0);
    const whole = resources.filter(({ arn }) => arn === '"*"').flatMap(({ actions }) => actions);
    expect(whole).toEqual(['lambda:ListEventSourceMappings', 'cloudwatch:PutMetricData']);
    const scheduling = resources.filter(({ actions }) => actions.includes('scheduler:CreateSchedule'));
    expect(scheduling).toHaveLength(delayedDelivery === 'schedules' ? 2 : 0);
    for (const { actions, arn } of scheduling) {
      expect(actions).toEqual(['scheduler:CreateSchedule']);
      expect(arn).toMatch(/:schedule\/.*"Ref":"LedgerSchedulesGroup[^"]*".*"\/\*"/);
    }
    for (const { actions, arn } of resources.filter((one) => one.arn !== '"*"' && !scheduling.includes(one))) {
      expect(actions).toEqual(['s3:PutObject']);
      expect(arn).toMatch(/"\/(aws\/lambda|unfinished|reserve-stock|count-sales)\/\*"/);
    }
  });

  test('no role has a managed policy, and no function shares one', () => {
    const template = Template.fromStack(stack);
    const roles = Object.values(template.findResources('AWS::IAM::Role'));
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));

    const count = 12;
    expect(functions).toHaveLength(count);
    expect(new Set(functions.map(({ Properties }) => JSON.stringify(Properties.Role))).size).toBe(count);
    for (const { Properties } of roles) expect(Properties).not.toHaveProperty('ManagedPolicyArns');
  });
});

test('a statement that allows too much would be found', () => {
  const stack = wholeShop(false);
  tableIn(stack, 'Other').grantFullAccess(new ConsumerFunction(stack, 'Careless', { entry: import.meta.filename }));

  const wildcards = statementsOf(resourcesOf(stack)).filter(
    ({ effect, actions }) => effect === 'Allow' && actions.join().includes('*'),
  );
  expect(wildcards).toHaveLength(1);
});
