import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger, LedgerAlarms, Saga } from '../../../lib/public/constructs.ts';
import { PlaceOrder } from '../../saga/order-saga.ts';
import { handlerIn, testStack } from '../shop-app.ts';

let stack: Stack;
let template: Template;

const tableIn = (id: string, name: string) =>
  new TableV2(stack, id, { partitionKey: { name, type: AttributeType.STRING } });

function steps() {
  return {
    reserve: { handler: handlerIn(stack, 'Reserve'), tables: { stock: tableIn('Stock', 'sku') } },
    charge: { handler: handlerIn(stack, 'Charge') },
    ship: { handler: handlerIn(stack, 'Ship'), tables: { shipments: tableIn('Shipments', 'orderId') } },
  };
}

beforeAll(() => {
  stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  new Saga(stack, 'PlaceOrder', { ledger, saga: PlaceOrder, steps: steps() });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  new LedgerAlarms(stack, 'OtherAlarms', { ledger: new Ledger(stack, 'OtherLedger') });
  template = Template.fromStack(stack);
}, 60_000);

describe('a saga', () => {
  test('has two Standard state machines, whose roles may put some rows of the ledger and nothing else', () => {
    template.resourceCountIs('AWS::StepFunctions::StateMachine', 2);
    const policies = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([id]) => /Machine/.test(id));
    expect(policies).toHaveLength(2);
    for (const [, { Properties }] of policies) {
      expect(Properties.PolicyDocument.Statement).toEqual([
        {
          Action: 'dynamodb:PutItem',
          Effect: 'Allow',
          Resource: expect.anything(),
          Condition: {
            'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['out#*', 'saga#*', 'stuck#place-order'] },
            Null: { 'dynamodb:LeadingKeys': 'false' },
          },
        },
      ]);
    }
  });

  test('lets its steps answer its own machines alone', () => {
    const statements = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[],
    );
    const answering = statements.filter(({ Action }) => Action.includes('states:SendTaskSuccess'));
    expect(answering).toHaveLength(2 * 3);
    for (const { Resource } of answering) expect(JSON.stringify(Resource)).toMatch(/Machine/);
  });

  test('has executions that end by themselves told to its keeper', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: Match.anyValue() },
      },
    });
  });

  test('rings when it is stuck, too old, near its year, unwound or not counted', () => {
    const alarms = Object.keys(template.findResources('AWS::CloudWatch::Alarm'));
    for (const what of ['SagaStuck', 'SagaTooOld', 'SagaElevenMonths', 'SagaUnwound', 'SagaUnkept']) {
      expect(alarms.filter((id) => id.includes(what))).toHaveLength(1);
    }
  });

  test('is too old after a day, and near its year after 11 months, by the alarms of its own ledger alone', () => {
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
    const thresholds = alarms.flatMap(({ Properties: { MetricName, Threshold } }) =>
      MetricName === 'place-order.saga-oldest' ? [Threshold] : [],
    );
    expect(thresholds).toEqual(expect.arrayContaining([86_400, 335 * 86_400]));
    // The alarms of the other ledger would have each once more.
    expect(new Set(thresholds).size).toBe(thresholds.length);
  });

  test('needs each of its steps', () => {
    const other = testStack();
    const ledger = new Ledger(other, 'Ledger');
    expect(() => new Saga(other, 'Saga', { ledger, saga: PlaceOrder, steps: {} as never })).toThrow(
      "`steps` has no 'reserve': give its handler, or the subscriber that it is already",
    );
  });
});
