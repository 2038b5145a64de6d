import { type Environment, environmentOf, type GivenContext } from '../../aws/environment.ts';
import { operate } from '../../circuit/operate.ts';
import { SagaUndecidable } from '../../contract/errors.ts';
import { MINUTE_MS } from '../../contract/time.ts';
import { ledgerOf } from '../../ledger/ledger.ts';
import { withEveryShard } from '../../ledger/shards.ts';
import { RedriveRefused } from '../../redrive/errors.ts';
import { startRedrive } from '../../redrive/operation.ts';
import { decideStuck } from '../../saga/stuck.ts';
import type { LambdaHandler } from '../../testing/lambda/index.ts';
import { OPERATOR } from '../faults/site.ts';
import type { FunctionOptions } from '../run/lambda-function.ts';

/** What an operator asks for by a command. */
export type Command = SubscriberCommand | DecideCommand;

/** A command about a subscriber. */
interface SubscriberCommand {
  readonly command: 'redrive' | 'send-again' | 'pause' | 'resume';
  readonly subscriber: string;
}

/** Has what is stuck of an execution tried again. */
export interface DecideCommand {
  readonly command: 'decide-stuck';
  readonly saga: string;
  readonly execution: string;
  readonly step: string;
}

/** Milliseconds. */
const TIMEOUT_MS = MINUTE_MS;
/** Waves come one after the other within seconds. */
const RATE = 50;
/** How long ago was committed what is sent again by its time. */
const LATELY_MS = 20 * MINUTE_MS;

/** The function that carries operators' commands out, as `waybill` does. */
export function operatorOptions(variables: Environment['variables'], controlQueueUrl: string): FunctionOptions {
  const handler = async (asked: Command, context: GivenContext): Promise<void> => {
    const environment = environmentOf(context);
    if (asked.command === 'decide-stuck') return decide(asked, environment);
    const { command, subscriber } = asked;
    const ledger = await withEveryShard(ledgerOf(environment));
    if (command === 'pause' || command === 'resume') {
      await operate(ledger, subscriber, command, controlQueueUrl);
      return;
    }
    const now = environment.now();
    const range = command === 'send-again' ? { range: { from: now - LATELY_MS, to: now } } : {};
    try {
      await startRedrive(ledger, subscriber, { maxRate: RATE, ...range });
    } catch (error) {
      // Another one runs, or has been begun by a request whose answer was lost.
      if (!(error instanceof RedriveRefused)) throw error;
    }
  };
  return { name: OPERATOR, timeout: TIMEOUT_MS, variables, load: () => handler as LambdaHandler };
}

async function decide({ saga, execution, step }: DecideCommand, environment: Environment): Promise<void> {
  try {
    await decideStuck(execution, 'retry', { saga, step, environment });
  } catch (error) {
    // It was decided by a command whose answer was lost.
    if (!(error instanceof SagaUndecidable)) throw error;
  }
}
