import { setTimeout as sleep } from 'node:timers/promises';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BINDINGS } from 'waybill';
import { type Environment, publish } from 'waybill/runtime';
import { ExpenseDecided, Reimburse } from '../../examples/approval/contract.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { readSaga } from '../../lib/saga/operate.ts';
import { drill } from '../../scripts/saga/booked-trips.ts';
import { DrillProvider } from '../../scripts/saga/provider.ts';
import { type Stage, setStage } from './stage.ts';

const PATIENCE_MS = 120_000;
const LOOK_MS = 250;

let provider: DrillProvider;
let stage: Stage;
let environment: Environment;

beforeAll(async () => {
  provider = await DrillProvider.start();
  stage = await setStage('saga', { context: { provider: provider.url } });
  environment = stage.environment({
    [BINDINGS.ledger]: stage.output('expenses ledger'),
    [BINDINGS.shards]: stage.output('expenses shards'),
    [BINDINGS.producer]: 'clerk',
  });
});
afterAll(async () => {
  await stage?.stop();
  provider?.stop();
});

/** Waits until something is as it should be. Tests beside each other cannot share `expect.poll`. */
async function eventually<Value>(read: () => Promise<Value>, isThere: (value: Value) => boolean): Promise<Value> {
  const end = performance.now() + PATIENCE_MS;
  let value = await read();
  while (!isThere(value) && performance.now() < end) {
    await sleep(LOOK_MS);
    value = await read();
  }
  return value;
}

// A process that is killed leaves its message to the queue for a minute: `npm run saga` kills some.
test.concurrent('trips are done or undone on Step Functions', async () => {
  const say = () => undefined;
  const report = await drill(stage, provider, { count: 4, refuse: 50, kill: 0, stuck: 0, say });
  expect(report).toMatchObject({ started: 4, leftBehind: [], conserved: true });
  expect(Math.min(report.completed, report.compensated)).toBeGreaterThan(0);
});

test.concurrent('expenses wait for a person, who may decide before, after, and against', async () => {
  const budget = { team: { S: 'a' }, left: { N: '1000' }, version: { N: '1' } };
  await stage.dynamodb.send(new PutItemCommand({ TableName: stage.output('budgets'), Item: budget }));
  const start = (expenseId: string) => publish(Reimburse, { expenseId, team: 'a', cents: 100 }, { environment });
  const decide = (expenseId: string, approved: boolean) =>
    publish(ExpenseDecided, { expenseId, approved, by: 'ada' }, { environment });
  const stepsOf = async (id: string) => {
    const { state, steps } = await readSaga(ledgerOf(environment), id).catch(() => ({ state: 'unknown', steps: [] }));
    const states: Partial<Record<string, string>> = Object.fromEntries(steps.map((one) => [one.step, one.state]));
    return { state, steps: states };
  };

  await decide('early', true);
  const [early, late, declined] = await Promise.all(['early', 'late', 'declined'].map(start));
  await eventually(
    () => stepsOf(late?.id ?? ''),
    ({ steps }) => steps.decision === 'waiting',
  );
  await Promise.all([decide('late', true), decide('declined', false)]);
  const ends = () => Promise.all([early, late, declined].map((one) => stepsOf(one?.id ?? '')));
  const paid = { state: 'completed', steps: { hold: 'done', decision: 'done', pay: 'done' } };
  const ended = await eventually(ends, (all) =>
    all.every(({ state }) => state === 'completed' || state === 'compensated'),
  );
  expect(ended).toMatchObject([paid, paid, { state: 'compensated', steps: { hold: 'undone' } }]);
});
