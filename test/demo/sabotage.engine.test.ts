import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteItemCommand,
  DynamoDBClient,
  ListTablesCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tableBinding } from 'waybill';
import { createEnvironment } from 'waybill/runtime';
import { auditRun } from '../../demo/audit.ts';
import { TABLES } from '../../demo/deployment.ts';
import type { SabotageVerdict } from '../../demo/drills/sabotaged-run.ts';
import { generateOrders, ordersOfRun } from '../../demo/orders.ts';
import type { Verdict } from '../../demo/verdict.ts';
import type { Reconciliation } from '../../lib/reconcile/totals.ts';
import type { TracedMessage } from '../../lib/trace/traced-message.ts';

const root = join(import.meta.dirname, '..', '..');
const COUNT = 50;
/** Messages of orders whose one more subscriber is removed. */
const ORPHANED = 4;

let folder: string;
/** Where the engine is. */
let variables: Record<string, string>;

const waybill = (...parameters: string[]) => run('bin/waybill.ts', ...parameters);
const demo = (...parameters: string[]) => run('demo/index.ts', ...parameters);

async function run(...command: string[]) {
  const child = spawn(process.execPath, ['--conditions=waybill-source', ...command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, WAYBILL_STATE_FOLDER: folder },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-sabotage-'));
  const up = await waybill('up', '--json');
  expect(up).toMatchObject({ exitCode: 0 });
  variables = JSON.parse(up.stdout).env;
});

afterAll(async () => {
  await waybill('down');
  await rm(folder, { recursive: true, force: true });
});

test('before anything is deployed, there is no ledger to look into', async () => {
  for (const command of [['reconcile'], ['trace', '--key', 'order-7']]) {
    const { exitCode, stdout, stderr } = await waybill(...command, '--json');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^error: No ledger is deployed at [^\n]*\n$/);
  }
});

describe('a sabotaged demo', () => {
  let verdict: Verdict & SabotageVerdict;
  let told: string;
  beforeAll(async () => {
    const { exitCode, stdout, stderr } = await demo('--sabotage', '--count', String(COUNT), '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('Nothing lost') });
    verdict = JSON.parse(stdout) as typeof verdict;
    told = stderr;
  }, 900_000);

  test('has every loss named with its hop, none falsely, and all healed', () => {
    const { sabotage, named, healed, falselyNamed } = verdict;
    expect(new Set(sabotage.map(({ hop }) => hop))).toEqual(new Set(['broker', 'relay', 'consumer']));
    const sorted = (some: SabotageVerdict['named']) => some.map(({ id, hop }) => `${id} ${hop}`).sort();
    expect(sorted(named)).toEqual(sorted(sabotage));
    expect([...healed].sort()).toEqual([...new Set(sabotage.map(({ id }) => id))].sort());
    expect(falselyNamed).toEqual([]);
  });

  test('still proves that nothing is lost, nothing doubled, and everything adds up', () => {
    expect(verdict).toMatchObject({ committed: 3 * COUNT, lost: [], doubled: [], conserved: true });
    expect(Object.values(verdict.subscribers).map(({ handled }) => handled)).toEqual([COUNT, COUNT, COUNT, COUNT]);
  });

  test('ends by showing the reconciliation and where to look', () => {
    expect(told).toContain('Nothing is missing.');
    expect(told).toMatch(/npm run waybill radar/);
    expect(told).toMatch(/npm run waybill trace [0-9a-f-]{36}/);
  });

  test('is reconciled from any shell: every message is handled, or abandoned where its subscriber was removed', async () => {
    const { exitCode, stdout } = await waybill('reconcile', '--since', '30m', '--json', '--exit-code');
    const all = { committed: COUNT, handled: COUNT, inFlight: 0, scheduled: 0, dead: 0 };
    const left = { ...all, handled: COUNT - ORPHANED, abandoned: ORPHANED };
    const lines = { orders: left, payments: all, inventory: all };
    const { abandoned, ...told } = JSON.parse(stdout) as Reconciliation;
    expect(told).toEqual({ lines, missing: [], uncaused: [] } satisfies Omit<Reconciliation, 'copies'>);
    expect(abandoned).toEqual(
      Array.from({ length: ORPHANED }, () => ({
        id: expect.any(String),
        subscriber: expect.stringMatching(/^award-points-/),
      })),
    );
    expect(exitCode).toBe(0);
  });

  test('is traced from any shell, by id and by key', async () => {
    const dropped = verdict.sabotage.find(({ hop }) => hop === 'relay')?.id ?? '';
    const { stdout } = await waybill('trace', dropped, '--json');
    const tree = JSON.parse(stdout) as TracedMessage;
    const types: string[] = [];
    const walk = ({ type, subscribers }: TracedMessage) => {
      types.push(type);
      for (const { state, published } of subscribers) {
        expect(state).toBe('handled');
        for (const message of published) walk(message);
      }
    };
    walk(tree);
    expect(tree.id).toBe(dropped);
    expect(types).toEqual(['order.placed', 'payment.succeeded', 'stock.reserved']);
    expect(tree.subscribers.map(({ subscriber }) => subscriber)).toEqual(['count-sales', 'take-payment']);

    const ofKey = await waybill('trace', '--key', tree.key, '--since', '30m', '--json');
    expect((JSON.parse(ofKey.stdout) as TracedMessage[]).map(({ id }) => id)).toEqual([dropped]);
    const drawn = await waybill('trace', dropped);
    for (const part of ['order.placed', 'payment.succeeded', 'stock.reserved', 'count-sales  ✓ handled']) {
      expect(drawn.stdout).toContain(part);
    }
  });

  test.each([
    [['trace', '01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f'], /^error: No message '01992f4e[^\n]* was committed[^\n]*\n$/],
    [['trace', '--key', 'nobody'], /^error: No message of the key 'nobody' was committed[^\n]*\n$/],
  ])('%o ends with a sentence', async (parameters, sentence) => {
    const { exitCode, stdout, stderr } = await waybill(...parameters, '--json');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(sentence);
  });
});

describe('a second demo on the same engine', () => {
  beforeAll(() => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  });
  afterAll(() => vi.unstubAllEnvs());

  test('comes out right, and leaves it running', async () => {
    const { exitCode, stdout, stderr } = await demo('--json', '--count', '10', '--seed', '2');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('Nothing lost') });
    const { committed, subscribers } = JSON.parse(stdout) as Verdict;
    expect(committed).toBe(30);
    expect(Object.values(subscribers).map(({ handled }) => handled)).toEqual([10, 10, 10, 10]);
    expect((await waybill('status')).exitCode).toBe(0);
  });

  test('a row of the business tables that is changed afterwards is seen', async () => {
    const dynamodb = new DynamoDBClient({});
    const tables = await boundTables(dynamodb);
    const environment = createEnvironment(tables);
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: tables.WAYBILL_TABLE_ORDERS }));
    const runs = [...new Set(Items.map(({ orderId }) => orderId?.S?.split('.')[0] ?? ''))].sort();
    const run = runs.at(-1) ?? '';
    const orders = ordersOfRun(run, generateOrders(10, 2));
    const audit = async () => {
      const { conserved, findings } = await auditRun(run, orders, {}, environment);
      return { conserved, findings: findings.map(({ kind, step, orderIds: [id] }) => `${kind} ${step} ${id}`) };
    };
    expect(await audit()).toEqual({ conserved: true, findings: [] });

    const { orderId = '', sku = '' } = orders[0] ?? {};
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: tables.WAYBILL_TABLE_PAYMENTS,
        Key: { orderId: { S: orderId }, paymentSequence: { N: '1' } },
        UpdateExpression: 'ADD captures :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    await dynamodb.send(
      new DeleteItemCommand({ TableName: tables.WAYBILL_TABLE_SHIPPING_NOTES, Key: { orderId: { S: orderId } } }),
    );
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: tables.WAYBILL_TABLE_STOCK,
        Key: { sku: { S: sku } },
        UpdateExpression: 'ADD quantity :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    expect(await audit()).toEqual({
      conserved: false,
      findings: [
        `doubled take-payment ${orderId}`,
        `lost note-shipping ${orderId}`,
        expect.stringMatching(/^wrong reserve-stock /),
      ],
    });
  });
});

/** The deployed business tables, by the variables that bind them. */
async function boundTables(dynamodb: DynamoDBClient): Promise<Record<string, string>> {
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
  return Object.fromEntries(
    Object.values(TABLES).map(({ name }) => {
      const table = TableNames.find((one) => one.includes(`-${name.replaceAll('-', '')}table`));
      return [tableBinding(name), table ?? ''];
    }),
  );
}
