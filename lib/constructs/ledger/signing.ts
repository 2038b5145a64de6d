import { RemovalPolicy } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { allow } from '../aws/grants.ts';
import type { ILedger } from './ledger-interface.ts';

/** Whether a ledger signs its messages: `true` by a secret of its own, else by the keys of a secret. */
export type Signing = boolean | secretsmanager.ISecret;

const KEY_CHARACTERS = 64;

/** The secret that holds a ledger's signing keys; `undefined` where it does not sign. */
export function signingSecretOf(
  scope: Construct,
  signing: Signing,
  encryptionKey: kms.IKey | undefined,
  removalPolicy: RemovalPolicy,
): secretsmanager.ISecret | undefined {
  if (typeof signing !== 'boolean') return signing;
  if (!signing) return undefined;
  return new secretsmanager.Secret(scope, 'SigningKeys', {
    description: 'Waybill: the keys by which the ledger signs its messages, the newest last',
    generateSecretString: {
      secretStringTemplate: '{}',
      generateStringKey: 'key-1',
      passwordLength: KEY_CHARACTERS,
      excludePunctuation: true,
    },
    ...(encryptionKey && { encryptionKey }),
    removalPolicy: removalPolicy === RemovalPolicy.DESTROY ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
  });
}

/** The part of a ledger that signs. */
type Signed = Pick<ILedger, 'signingSecret'>;

/** Lets somebody sign messages, or know their signatures: read the ledger's keys, and nothing else. */
export function allowSigning({ signingSecret }: Signed, grantee: iam.IGrantable): readonly iam.Grant[] {
  if (!signingSecret) return [];
  const { secretFullArn, secretArn, encryptionKey } = signingSecret;
  // Of a secret that is known by its name, Secrets Manager has chosen the last six characters.
  const read = allow(grantee, ['secretsmanager:GetSecretValue'], secretFullArn ?? `${secretArn}-??????`);
  return encryptionKey ? [read, allow(grantee, ['kms:Decrypt'], encryptionKey.keyArn)] : [read];
}

/** Tells a function where the keys are: it reads them when it starts. */
export function bindSigning({ signingSecret }: Signed, handler: lambda.Function): void {
  if (signingSecret) bindVariable(handler, BINDINGS.signingSecret, signingSecret.secretArn, signingSecret);
}
