import type { Clients } from '../clients.ts';
import type { Scratch } from '../scratch.ts';

/** An execution that has ended. */
export interface Execution {
  readonly status: string;
  readonly output: unknown;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  /** How long it took. */
  readonly seconds: number;
  readonly history: readonly { readonly type: string; readonly timestamp: number }[];
}

/** A standard state machine, ready for use. Answers with its ARN. */
export async function machine({ api }: Clients, scratch: Scratch, definition: object): Promise<string> {
  const { stateMachineArn } = await api.call<{ stateMachineArn: string }>('states', 'CreateStateMachine', {
    name: scratch.name(),
    type: 'STANDARD',
    roleArn: scratch.role,
    definition: JSON.stringify(definition),
  });
  scratch.defer(() => api.call('states', 'DeleteStateMachine', { stateMachineArn }));
  return stateMachineArn;
}

/** Starts an execution. Answers with its ARN. */
export async function start({ api }: Clients, stateMachineArn: string, input: unknown, name?: string): Promise<string> {
  const request = { stateMachineArn, input: JSON.stringify(input), ...(name !== undefined && { name }) };
  return (await api.call<{ executionArn: string }>('states', 'StartExecution', request)).executionArn;
}

export async function untilItEnds({ api }: Clients, scratch: Scratch, executionArn: string): Promise<Execution> {
  for (;;) {
    const told = await api.call<{
      status: string;
      output?: string;
      error?: string;
      cause?: string;
      startDate: number;
      stopDate?: number;
    }>('states', 'DescribeExecution', { executionArn });
    if (told.status !== 'RUNNING') {
      const { events } = await api.call<{ events: Execution['history'] }>('states', 'GetExecutionHistory', {
        executionArn,
        maxResults: 1000,
      });
      return {
        status: told.status,
        output: told.output === undefined ? undefined : JSON.parse(told.output),
        error: told.error,
        cause: told.cause,
        seconds: (told.stopDate ?? Number.NaN) - told.startDate,
        history: events,
      };
    }
    await scratch.sleep(200);
  }
}

/** Runs a new state machine to its end. */
export async function execute(
  aws: Clients,
  scratch: Scratch,
  definition: object,
  input: unknown = {},
): Promise<Execution> {
  const executionArn = await start(aws, await machine(aws, scratch, definition), input);
  return untilItEnds(aws, scratch, executionArn);
}
