import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { WaybillError } from 'waybill';
import { createEnvironment, type Environment } from 'waybill/runtime';
import { TakePayment } from '../../examples/commerce/contract.ts';
import type { Target } from '../../lib/local/index.ts';
import type { Deployment } from '../deployment.ts';
import { type Mend, readerOf } from '../event-sources.ts';
import type { PaymentProvider } from '../payment-provider.ts';
import { Killer } from './kills.ts';

/** Only processes of this machine can be killed. */
export class NothingToKill extends WaybillError {
  readonly code = 'nothing-to-kill';
}

export interface KillingOptions {
  readonly target: Target;
  readonly deployment: Deployment;
  /** Around whose charges the function is killed. */
  readonly provider: PaymentProvider | undefined;
  /** How often. */
  readonly times: number;
}

/**
 * From now on the function that takes payments is killed around its charges.
 *
 * @returns who does it, and what puts the queue back that was changed for it
 * @throws NothingToKill where the functions run elsewhere
 */
export async function startKilling({ target, deployment, provider, times }: KillingOptions) {
  if (target.kind !== 'embedded' || !provider) {
    throw new NothingToKill(
      'Functions are killed on the embedded engine alone: unset AWS_ENDPOINT_URL, so that the demo starts it',
    );
  }
  const queueUrl = deployment.subscribers[TakePayment.name]?.queueUrl ?? '';
  const killer = new Killer({ engine: target.pid, functionName: await readerOf(queueUrl), times });
  provider.onMoment = killer.onMoment;
  const restore: Mend = await hideBriefly(createEnvironment(deployment.variables), queueUrl);
  return { killer, restore };
}

/** Longer than the function's timeout, as AWS wants it: a message is received again that soon after its receiver has died. */
const HIDDEN_SECONDS = 15;

/**
 * Has a queue hide what is received for less than the minute that the shop has it hidden, so that nobody waits for it.
 *
 * @returns puts it back
 */
async function hideBriefly({ sqs }: Pick<Environment, 'sqs'>, QueueUrl: string): Promise<Mend> {
  const names = ['VisibilityTimeout' as const];
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names }));
  const set = (VisibilityTimeout: string) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } }));
  await set(String(HIDDEN_SECONDS));
  return () => set(Attributes.VisibilityTimeout ?? '60');
}
