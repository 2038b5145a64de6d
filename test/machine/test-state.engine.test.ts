import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Reimburse } from '../../examples/approval/contract.ts';
import { BookTrip } from '../../examples/travel/contract.ts';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { compileSaga } from '../../lib/machine/compile.ts';
import { AwsApi } from '../conformance/aws-api.ts';
import { DUMMY_CREDENTIALS } from '../conformance/clients.ts';

const PATIENCE = { timeout: 60_000, interval: 100 };
const ROLE = 'arn:aws:iam::000000000000:role/states';

let engine: StartedEngine;
let api: AwsApi;

beforeAll(async () => {
  engine = await startEngine();
  const { endpoint, region } = engine;
  api = new AwsApi({ endpoint, region, credentials: DUMMY_CREDENTIALS });
});
afterAll(() => engine?.stop());

interface Tested {
  readonly status: string;
  readonly nextState?: string;
}

/** What comes of a state whose task answers so, or fails so, by Step Functions' own TestState. */
function tested(definition: object, stateName: string, mock: object): Promise<Tested> {
  const input = { definition: JSON.stringify(definition), stateName, mock, input: '{}', roleArn: ROLE };
  return api.call<Tested>('states', 'TestState', input);
}

describe('by TestState of the embedded engine', () => {
  const { forward: trip, unwind } = compileSaga(BookTrip, { table: 'ledger' });
  const { forward: expense } = compileSaga(Reimburse, { table: 'ledger' });

  test.each([
    ['reserve', 'charge'],
    ['charge', 'ship'],
    ['ship', 'completed'],
    ['completed', undefined],
    ['undo ship', 'undo charge'],
    ['undo charge', 'undo reserve'],
    ['undo reserve', 'compensated'],
    ['stuck undoing charge', 'undo reserve'],
    ['stuck at charge', 'undo charge'],
  ])('a trip whose state %s is answered goes on to %s', async (state, next) => {
    const { status, nextState } = await tested(trip, state, { result: '{}' });
    expect([status, nextState]).toEqual(['SUCCEEDED', next]);
  });

  test.each([
    ['reserve', 'rejected', 'undo reserve'],
    ['charge', 'attempts-exhausted', 'undo charge'],
    ['charge', 'States.Timeout', 'undo charge'],
    ['charge', 'effect-unknown', 'stuck at charge'],
    ['ship', 'rejected', 'undo ship'],
    ['undo charge', 'attempts-exhausted', 'stuck undoing charge'],
    ['stuck undoing charge', 'retry', 'undo charge'],
    ['stuck at charge', 'retry', 'charge'],
  ])('a trip whose state %s fails with %s goes on to %s', async (state, error, next) => {
    const { status, nextState } = await tested(trip, state, { errorOutput: { error, cause: '' } });
    expect([status, nextState]).toEqual(['CAUGHT_ERROR', next]);
  });

  test('what undoes the rest of a trip begins with its last step', async () => {
    expect(await tested(unwind, 'undo ship', { result: '{}' })).toMatchObject({ nextState: 'undo charge' });
  });

  test.each([
    [{ result: '{}' }, 'pay'],
    [{ errorOutput: { error: 'States.Timeout', cause: '' } }, 'undo hold'],
  ])('an expense that waits and is told %j goes on to %s', async (mock, next) => {
    expect(await tested(expense, 'decision', mock)).toMatchObject({ nextState: next });
  });
});

// What it says of Retry is left out: it answers CAUGHT_ERROR where a retrier fits and AWS would say RETRIABLE.
test('it is wrong of Retry, which is why nothing above rests on it', async () => {
  const { forward } = compileSaga(BookTrip, { table: 'ledger' });
  const retried = { errorOutput: { error: 'DynamoDb.ThrottlingException', cause: '' } };
  expect(await tested(forward, 'reserve', retried)).toMatchObject({ status: 'CAUGHT_ERROR' });
});

test('an execution keeps the state machine that it was started with, and one that is started later has the new one', async () => {
  const wait = (Next: string) => ({ Type: 'Wait', Seconds: 3, Next });
  const machine = (Result: string) =>
    JSON.stringify({ StartAt: 'wait', States: { wait: wait('says'), says: { Type: 'Pass', Result, End: true } } });
  const created = { name: 'kept', roleArn: ROLE, type: 'STANDARD', definition: machine('before') };
  const { stateMachineArn } = await api.call<{ stateMachineArn: string }>('states', 'CreateStateMachine', created);
  const start = () => api.call<{ executionArn: string }>('states', 'StartExecution', { stateMachineArn, input: '{}' });
  const running = await start();
  const entered = async () => {
    const { events } = await api.call<{ events: { type: string }[] }>('states', 'GetExecutionHistory', running);
    return events.map(({ type }) => type);
  };
  await expect.poll(entered, PATIENCE).toContain('WaitStateEntered');
  await api.call('states', 'UpdateStateMachine', { stateMachineArn, definition: machine('after') });
  const later = await start();
  const outputOf = async ({ executionArn }: typeof running) =>
    (await api.call<{ output?: string }>('states', 'DescribeExecution', { executionArn })).output;
  await expect.poll(() => Promise.all([running, later].map(outputOf)), PATIENCE).toEqual(['"before"', '"after"']);
});
