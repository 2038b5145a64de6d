import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { expect, test, vi } from 'vitest';
import { Ledger } from '../../lib/public/constructs.ts';
import { testStack } from './shop-app.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const LAMBDA = new iam.ServicePrincipal('lambda.amazonaws.com');
const ARN = 'arn:aws:iam::111122223333:role/theirs';

const warningsWith = (roleIn: (stack: ReturnType<typeof testStack>) => iam.IRole): string[] => {
  const stack = testStack();
  const producer = new lambda.Function(stack, 'Producer', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = () => 1'),
    role: roleIn(stack),
  });
  new Ledger(stack, 'Ledger').grantSend(producer);
  return Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('This role cannot change'))
    .map(({ entry }) => String(entry.data));
};

test.each<[string, (stack: ReturnType<typeof testStack>) => iam.IRole]>([
  ['is imported as immutable', (stack) => iam.Role.fromRoleArn(stack, 'Role', ARN, { mutable: false })],
  ['is without policy updates', (stack) => new iam.Role(stack, 'Role', { assumedBy: LAMBDA }).withoutPolicyUpdates()],
])('a grant to a role that %s does not vanish: a warning names what it must allow', (_, roleIn) => {
  const warnings = warningsWith(roleIn).join('\n');
  expect(warnings).toContain('it must already allow dynamodb:PutItem');
  expect(warnings).toContain('it must already allow sqs:SendMessage on {"Fn::GetAtt":["LedgerForwardQueue');
});

test('a role that can change needs no warning', () => {
  expect(warningsWith((stack) => new iam.Role(stack, 'Role', { assumedBy: LAMBDA }))).toEqual([]);
});
