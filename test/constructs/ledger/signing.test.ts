import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { expect, test } from 'vitest';
import { Ledger, QueueChannel } from '../../../lib/public/constructs.ts';
import {
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  only,
  ReserveStock,
  resourcesOf,
  tableIn,
  testStack,
} from '../shop-app.ts';

function subscribed(signing: boolean | 'own', verify: boolean) {
  const stack = testStack();
  const own = () => secretsmanager.Secret.fromSecretNameV2(stack, 'Own', 'shop/signing');
  const ledger = new Ledger(stack, 'Ledger', { signing: signing === 'own' ? own() : signing });
  const channel = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  const handler = handlerIn(stack);
  channel.addSubscriber(ReserveStock, { handler, tables: { stock: tableIn(stack) }, verify });
  ledger.grantPublish(handlerIn(stack, 'Till'));
  return resourcesOf(stack);
}

/** The functions that are told of the secret, and the policies that let somebody read it, and where. */
function readers(resources: ReturnType<typeof resourcesOf>) {
  const all = Object.entries(resources);
  const told = all.filter(
    ([, { Type, Properties }]) =>
      Type === 'AWS::Lambda::Function' && Properties.Environment?.Variables?.WAYBILL_SIGNING_SECRET !== undefined,
  );
  const granted = all.flatMap(([id, { Type, Properties }]) => {
    if (Type !== 'AWS::IAM::Policy') return [];
    const statements = Properties.PolicyDocument.Statement as readonly { Action: unknown; Resource: unknown }[];
    const reading = statements.filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager:'));
    return reading.map(({ Action, Resource }) => ({ id, Action, Resource }));
  });
  return { told: told.map(([id]) => id), granted };
}

test('a ledger that signs tells who publishes and who verifies, and lets them read its secret and nothing else', () => {
  const resources = subscribed(true, true);
  const { told, granted } = readers(resources);
  const names = ['Till', 'LedgerForwarder', 'Orders', 'Handler'].filter((name) => told.some((id) => id.includes(name)));
  expect(names.length).toBeGreaterThanOrEqual(3);
  expect(granted).toHaveLength(told.length);
  for (const { Action, Resource } of granted) {
    expect(Action).toBe('secretsmanager:GetSecretValue');
    expect(Resource).toEqual({ Ref: expect.stringMatching(/^LedgerSigningKeys/) });
  }
  const secret = only(resources, 'AWS::SecretsManager::Secret', 'LedgerSigningKeys');
  expect(secret.Properties.GenerateSecretString).toMatchObject({
    SecretStringTemplate: '{}',
    GenerateStringKey: 'key-1',
  });
  expect(secret.DeletionPolicy).toBe('Retain');
  // The relay carries what is signed, and holds no key.
  expect(told.some((id) => id.includes('Relay'))).toBe(false);
});

test('who neither publishes nor verifies is told of no key', () => {
  const without = readers(subscribed(true, false)).told;
  const verifying = readers(subscribed(true, true)).told;
  expect(verifying.filter((id) => !without.includes(id)).some((id) => id.includes('Recorder'))).toBe(true);
});

test('a secret of your own is read, by the name that it has', () => {
  const { granted } = readers(subscribed('own', true));
  expect(JSON.stringify(granted[0]?.Resource)).toContain('shop/signing-??????');
});

test('where a ledger does not sign, nobody is told anything, and `verify` is refused', () => {
  const resources = subscribed(false, false);
  expect(JSON.stringify(resources)).not.toContain('secretsmanager');
  expect(() => subscribed(false, true)).toThrow("'reserve-stock' has `verify`, and its ledger signs nothing");
});
