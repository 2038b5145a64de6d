import type { SFNClient } from '@aws-sdk/client-sfn';
import type { Environment, Sender } from '../aws/environment.ts';
import type { ServiceError } from '../aws/errors.ts';
import type { Reply } from './reply.ts';

/**
 * Codes of Step Functions that say that a task waits no more: it was answered before, has timed out, or its execution has
 * ended.
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
 */
const ANSWERED: readonly string[] = ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'];

/** Step Functions takes this much of an error and its cause. */
const MOST_ERROR = 256;
const MOST_CAUSE = 32_768;

let client: Promise<SFNClient> | undefined;

/** A client of Step Functions: the environment's, else one that is made when first asked for. */
export function stepFunctionsOf(environment: Environment): Promise<Sender<SFNClient>> {
  if (environment.stepFunctions) return environment.stepFunctions();
  client ??= import('./sfn-client.ts').then(
    (sdk) =>
      new sdk.SFNClient({
        requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
      }),
  );
  return client;
}

/**
 * Answers the task of a state machine.
 *
 * @returns whether it waited for the answer
 * @throws whatever Step Functions answers otherwise: the command comes again, and is answered then
 */
export async function sendReply(environment: Environment, taskToken: string, reply: Reply): Promise<boolean> {
  const { SendTaskFailureCommand, SendTaskSuccessCommand } = await import('./sfn-client.ts');
  const stepFunctions = await stepFunctionsOf(environment);
  try {
    if (reply.kind === 'success') {
      await stepFunctions.send(new SendTaskSuccessCommand({ taskToken, output: reply.output }));
    } else {
      const error = reply.code.slice(0, MOST_ERROR);
      await stepFunctions.send(
        new SendTaskFailureCommand({ taskToken, error, cause: reply.reason.slice(0, MOST_CAUSE) }),
      );
    }
    return true;
  } catch (error) {
    if (ANSWERED.includes((error as ServiceError).name)) return false;
    throw error;
  }
}
