import type { Environment } from '../../aws/environment.ts';
import type { SagaSettings } from '../../contract/saga-settings.ts';
import type { SagaDefinition } from '../../contract/saga-shape.ts';
import { waiterOf } from '../../contract/saga-waiter.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import { compileSaga } from '../../machine/compile.ts';
import { waitSettings } from '../../machine/wait-settings.ts';
import { createKeeper } from '../../saga/keeper.ts';
import { starterOf } from '../../saga/starter.ts';
import type { ExecutionView, StepFunctionsEngine } from '../engines/index.ts';
import type { LambdaHandler } from '../lambda/index.ts';
import type { StackFunction } from './function.ts';

const KEEPER_TIMEOUT_MS = 60_000;

/** The name of the function that keeps a saga. */
export function keeperName(saga: string): string {
  return `${saga}-keeper`;
}

/** Makes the state machines of a saga, as its construct does, and answers with what its functions are told. */
export function deploySaga(engine: StepFunctionsEngine, definition: SagaDefinition, table: string): SagaSettings {
  const { forward, unwind } = compileSaga(definition, { table });
  const { name } = definition.saga;
  const machine = engine.createStateMachine(name, forward);
  return settingsOf(definition, { machine, unwindMachine: engine.createStateMachine(`${name}-unwind`, unwind) });
}

function settingsOf(
  definition: SagaDefinition,
  machines: Pick<SagaSettings, 'machine' | 'unwindMachine'>,
): SagaSettings {
  const { version, businessLine, saga } = definition;
  return { name: saga.name, version, businessLine, ...machines, waits: waitSettings(definition) };
}

/** The function that keeps a saga, each minute and when an execution has failed. */
export function keeperFunction(settings: SagaSettings, variables: Environment['variables']): StackFunction {
  return {
    name: keeperName(settings.name),
    timeout: KEEPER_TIMEOUT_MS,
    variables,
    load: () => createKeeper(settings) as LambdaHandler,
    sources: [],
    everyMinute: true,
  };
}

/** The saga of which a state machine is, by the machine's ARN. */
export function sagaOfMachine(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1).replace(/-unwind$/, '');
}

/** The subscribers that a saga has beside its steps: its starter, and its waiter where it waits. */
export function subscribersOfSaga(definition: SagaDefinition): SubscriberDefinition[] {
  const settings = settingsOf(definition, { machine: '', unwindMachine: '' });
  return [starterOf(settings), ...(settings.waits?.length ? [waiterOf(settings)] : [])];
}

/** A batch that tells of an execution that has ended otherwise than by succeeding; `undefined` of one that has. */
export function failedExecution({ arn, name, status, cause }: ExecutionView): object | undefined {
  if (status === 'SUCCEEDED' || status === 'RUNNING') return undefined;
  const told = {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: { executionArn: arn, name, status, ...(cause !== undefined && { cause }) },
  };
  return { Records: [{ body: JSON.stringify(told) }] };
}
