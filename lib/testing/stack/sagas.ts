import type { Environment } from '../../aws/environment.ts';
import type { SagaSettings } from '../../contract/saga-settings.ts';
import type { SagaDefinition } from '../../contract/saga-shape.ts';
import { compileSaga } from '../../machine/compile.ts';
import { waitSettings } from '../../machine/wait-settings.ts';
import { createKeeper } from '../../saga/keeper.ts';
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
  return {
    name,
    version: definition.version,
    businessLine: definition.businessLine,
    machine: engine.createStateMachine(name, forward),
    unwindMachine: engine.createStateMachine(`${name}-unwind`, unwind),
    waits: waitSettings(definition),
  };
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
