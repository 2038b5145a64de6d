import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { redrive } from 'waybill/operations';
import { publish } from 'waybill/runtime';
import { type HostedStacks, hostStacks } from 'waybill/testing';
import { Book, Books, Deposited, Tally, Withdrawn } from '../engine/accounts/contract.ts';
import { Accounts } from '../engine/accounts/stack.ts';
import { outputName } from '../engine/output-name.ts';
import { KilledFunction } from './killed-function.ts';
import { FAILING, REFUSED } from './order-invocation.ts';

const ACCOUNTS = [REFUSED.account, FAILING.account, 'cleo', 'dan', 'eve'];
const MOVEMENTS = 8;
const SUBSCRIBERS = [Book, Tally];
const FUNCTIONS = [Book.name, Tally.name, 'relay'];
const POLL = { timeout: 45_000, interval: 250 };

/**
 * Ordered subscribers on FIFO queues and on a stream, in engines: relay and handlers run in processes of their own, which are killed before
 * they commit or send, and after that.
 *
 * @param variables by which the AWS SDK finds the engines
 */
export function testOrderPath(variables: Readonly<Record<string, string>>): void {
  let folder: string;
  let bank: HostedStacks;
  let functions: readonly KilledFunction[] = [];

  beforeAll(async () => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    folder = mkdtempSync(join(tmpdir(), 'waybill-order-'));
    const program = await bundled(folder);
    functions = FUNCTIONS.map((name) => new KilledFunction(program, name));
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
    const Bank = Template.fromStack(new Accounts(app, 'Bank')).toJSON();
    const names = FUNCTIONS.map((name) => (name === 'relay' ? Bank.Outputs.relay.Value.Ref : name));
    const handlers = Object.fromEntries(functions.map(({ handler }, index) => [names[index], handler]));
    bank = await hostStacks({ templates: { Bank }, handlers });
    for (const { name } of SUBSCRIBERS) {
      // What was received comes back soon after its receiver has died.
      const QueueUrl = bank.outputs.Bank?.[outputName(`${name}-queue`)];
      await bank.environment.sqs.send(
        new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '3' } }),
      );
    }
  });

  afterAll(async () => {
    for (const one of functions) one.stop();
    await bank?.destroy();
    rmSync(folder, { recursive: true, force: true });
    vi.unstubAllEnvs();
  });

  /** The movements of each account at each subscriber, as they took effect. */
  const books = async () => {
    const rows = ACCOUNTS.flatMap((account) => SUBSCRIBERS.map(({ name }) => ({ account, subscriber: name })));
    const read = await Promise.all(rows.map((key) => bank.read(Books, key)));
    return rows.map(({ account, subscriber }, index) => `${account} at ${subscriber}: ${read[index]?.movements}`);
  };
  const all = Array.from({ length: MOVEMENTS }, (_, index) => index + 1).join(' ');
  const booked = (ofRefused: string) =>
    ACCOUNTS.flatMap((account) =>
      SUBSCRIBERS.map(({ name }) => `${account} at ${name}: ${account === REFUSED.account ? ofRefused : all}`),
    );

  test('the movements of each account take effect in order, whoever is killed, and a dead one holds up its account alone', async () => {
    const { environment, poller } = bank;
    poller.start();
    for (let movement = 1; movement <= MOVEMENTS; movement++) {
      const event = (movement % 3 === 0 ? Withdrawn : Deposited) as typeof Deposited;
      await Promise.all(ACCOUNTS.map((account) => publish(event, { account, movement }, { environment })));
    }
    await expect.poll(books, POLL).toEqual(booked('1 2'));
    await poller.stop();
    expect(functions.filter(({ kills }) => kills < 2)).toEqual([]);
  });

  test('what is dead is redriven, and what waits behind it follows in order', async () => {
    const { environment, poller } = bank;
    for (const one of functions) one.isRefused = false;
    for (const one of SUBSCRIBERS) await redrive(one, { environment });
    poller.start();
    await expect.poll(books, POLL).toEqual(booked(all));
    await poller.stop();
    expect(await books()).toEqual(booked(all));
  });
}

/** The program of the processes in one file, so that they start fast. */
async function bundled(folder: string): Promise<string> {
  const outfile = join(folder, 'worker.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'order-worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['waybill-source', 'module'],
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outfile;
}
