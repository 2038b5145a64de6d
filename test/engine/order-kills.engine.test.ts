import { setTimeout as sleep } from 'node:timers/promises';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BINDINGS, tableBinding } from 'waybill';
import { type Environment, publish } from 'waybill/runtime';
import { killWorkers, workersOf } from '../../demo/worker-process.ts';
import { Books, Deposited, Withdrawn } from './accounts/contract.ts';
import { type Stage, setStage } from './stage.ts';
import { readTable } from './table-reader.ts';

const ACCOUNTS = ['ada', 'bob', 'cleo', 'dan'];
const MOVEMENTS = 15;
const SUBSCRIBERS = ['book-movements', 'tally-movements'];
const KILLS = 8;
const POLL = { timeout: 240_000, interval: 500 };

let stage: Stage;
let environment: Environment;

beforeAll(async () => {
  stage = await setStage('accounts');
  environment = stage.environment({
    [BINDINGS.ledger]: stage.output(BINDINGS.ledger),
    [BINDINGS.shards]: stage.output(BINDINGS.shards),
    [BINDINGS.producer]: 'bank',
  });
  for (const name of SUBSCRIBERS) {
    // What is received comes back soon after its receiver has died.
    const QueueUrl = stage.output(`${name}-queue`);
    await stage.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '3' } }));
  }
});

afterAll(() => stage?.stop());

/** The movements of each account at each subscriber, as they took effect. */
async function books(): Promise<Record<string, string>> {
  const rows = await readTable<{ account: string; subscriber: string; movements: string }>(
    stage,
    stage.output(tableBinding(Books.name)),
  );
  return Object.fromEntries(rows.map((row) => [`${row.account} at ${row.subscriber}`, row.movements]));
}

test('on FIFO queues and on a stream, the movements of each account take effect in order, whoever is killed', async () => {
  const moves = ACCOUNTS.map(async (account) => {
    for (let movement = 1; movement <= MOVEMENTS; movement++) {
      const event = (movement % 3 === 0 ? Withdrawn : Deposited) as typeof Deposited;
      await publish(event, { account, movement }, { environment });
    }
  });
  const functions = [...SUBSCRIBERS, 'relay'].map((name) => stage.output(name));
  let killed = 0;
  for (const deadline = Date.now() + 60_000; killed < KILLS && Date.now() < deadline; await sleep(400)) {
    const running = functions.filter((name) => workersOf(stage.engine.pid, name).length > 0);
    const victim = running[killed % running.length];
    if (victim === undefined) continue;
    killWorkers(stage.engine.pid, victim);
    killed++;
  }
  await Promise.all(moves);
  const inOrder = Array.from({ length: MOVEMENTS }, (_, index) => index + 1).join(' ');
  const wanted = ACCOUNTS.flatMap((account) => SUBSCRIBERS.map((name) => [`${account} at ${name}`, inOrder]));
  await expect.poll(books, POLL).toEqual(Object.fromEntries(wanted));
  expect(killed).toBe(KILLS);
});
