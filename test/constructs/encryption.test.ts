import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger, QueueChannel, StreamChannel } from '../../lib/public/constructs.ts';
import {
  allowedTo,
  CountSales,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  Orders,
  only,
  ReserveStock,
  type Resources,
  resourcesOf,
  tableIn,
  testApp,
  testStack,
} from './shop-app.ts';

const USE = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

function shopWith(keyIn: (stack: Stack) => kms.IKey) {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', { encryptionKey: keyIn(stack) });
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  orders.addSubscriber(ReserveStock, { handler: handlerIn(stack), tables: { stock: tableIn(stack) } });
  const sales = new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced] });
  sales.addSubscriber(CountSales, {
    handler: handlerIn(stack, 'Count'),
    tables: { 'sales-counts': tableIn(stack, 'Counts') },
  });
  return stack;
}

describe('with a customer key', () => {
  let template: Template;
  let resources: Resources;
  let key: { 'Fn::GetAtt': [string, 'Arn'] };

  beforeAll(() => {
    const stack = shopWith((scope) => new kms.Key(scope, 'Key', { enableKeyRotation: true }));
    template = Template.fromStack(stack);
    resources = resourcesOf(stack);
    key = { 'Fn::GetAtt': [only(resources, 'AWS::KMS::Key').id, 'Arn'] };
  });

  test('it encrypts the table, the bucket, the streams and every queue', () => {
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: key } })],
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } },
        ],
      },
    });
    template.allResourcesProperties('AWS::Kinesis::Stream', {
      StreamEncryption: { EncryptionType: 'KMS', KeyId: key },
    });
    template.resourceCountIs('AWS::SQS::Queue', 10);
    template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: key });
  });

  test("it encrypts the logs and the environment of Waybill's functions, and lets CloudWatch Logs do so", () => {
    template.allResourcesProperties('AWS::Logs::LogGroup', { KmsKeyId: key });
    const own = ['LedgerRelay', 'LedgerForwarder', 'LedgerSweep', 'LedgerRegisterRoutes', 'LedgerReconciler'];
    for (const id of [...own, 'OrdersreservestockRecorder']) {
      expect(only(resources, 'AWS::Lambda::Function', id).Properties.KmsKeyArn).toEqual(key);
    }
    const { Statement } = only(resources, 'AWS::KMS::Key').Properties.KeyPolicy;
    const forLogs = Statement.filter(
      ({ Principal }: { Principal: { Service?: string } }) => Principal.Service === 'logs.eu-central-1.amazonaws.com',
    );
    expect(forLogs).toHaveLength(1);
    expect(JSON.stringify(forLogs[0].Condition)).toContain(':logs:eu-central-1:111122223333:*');
  });

  test.each([
    'Handler',
    'Count',
    'LedgerRelay',
    'LedgerRegisterRoutes',
    'LedgerReconciler',
    'OrdersreservestockRecorder',
  ])('%s may use it, action by action', (prefix) => {
    const id = only(resources, 'AWS::Lambda::Function', prefix).id;

    expect(allowedTo(resources, id)[`${key['Fn::GetAtt'].join('.')}`]).toEqual(USE);
  });
});

test('a producer may use the customer key, and the key of its own table', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', { encryptionKey: new kms.Key(stack, 'Key') });
  const orders = new dynamodb.TableV2(stack, 'Orders', {
    partitionKey: { name: 'orderId', type: dynamodb.AttributeType.STRING },
    encryption: dynamodb.TableEncryptionV2.customerManagedKey(new kms.Key(stack, 'OrdersKey')),
  });
  ledger.grantPublish(handlerIn(stack), { writes: [Orders], tables: { orders } });
  const resources = resourcesOf(stack);

  const allowed = allowedTo(resources, only(resources, 'AWS::Lambda::Function', 'Handler').id);
  expect(Object.entries(allowed).filter(([, actions]) => actions.includes('kms:GenerateDataKey'))).toHaveLength(2);
});

test('with a key of another stack, that stack does not come to depend on anything', () => {
  const app = testApp();
  const keys = testStack('Keys', app);
  const stack = testStack('Shop', app);
  const ledger = new Ledger(stack, 'Ledger', { encryptionKey: new kms.Key(keys, 'Key') });
  const channel = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  channel.addSubscriber(ReserveStock, { handler: handlerIn(stack), tables: { stock: tableIn(stack) } });
  app.synth();

  expect(keys.dependencies).toEqual([]);
  expect(stack.dependencies).toEqual([keys]);
});

test('an imported key is used, though its policy cannot be changed', () => {
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000';
  const stack = shopWith((scope) => kms.Key.fromKeyArn(scope, 'Key', arn));

  Template.fromStack(stack).allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: arn });
});

test('a customer key in a stack for any region is refused with what to do', () => {
  const stack = new Stack(testApp(), 'Shop');

  expect(() => new Ledger(stack, 'Ledger', { encryptionKey: new kms.Key(stack, 'Key') })).toThrow(
    expect.objectContaining({
      code: 'invalid-construct',
      message: expect.stringContaining('env: { account, region }'),
    }),
  );
});
