import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDemo } from '../../demo/program.ts';
import { capturedContext } from '../cli/captured-context.ts';

/** A command line whose target cannot be reached, so that nothing is ever started. */
async function demo(...parameters: string[]) {
  const context = capturedContext({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  const exitCode = await runDemo(parameters, context);
  return { exitCode, out: context.stdout(), err: context.stderr() };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-demo-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function orderFile(...lines: string[]): Promise<string> {
  const file = join(folder, 'orders.csv');
  await writeFile(file, ['order_id,customer_id,date,quantity,amount_usd', ...lines].join('\n'));
  return file;
}

describe('the demo refuses', () => {
  test.each([
    ['--count', '0', 'whole number from 1'],
    ['--count', '1e9', 'whole number from 1'],
    ['--seed', 'x', 'whole number from 1'],
    ['--duplicates', '2', 'share from 0 to 1'],
    ['--poison', '-0.1', 'share from 0 to 1'],
    ['--poison', '', 'share from 0 to 1'],
    ['--on-bad-line', 'ignore', 'skip, stop'],
  ])('%s %s', async (option, value, sentence) => {
    const { exitCode, out, err } = await demo(option, value);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(sentence);
  });
});

describe('a file of orders', () => {
  test('that is not there ends the demo before anything is started', async () => {
    const { exitCode, err } = await demo('--orders', join(folder, 'none.csv'));
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^error: .*none\.csv cannot be read/);
  });

  test('has its bad lines named and counted', async () => {
    const file = await orderFile('1,c,1997-01-01,1,1.00', '2,c,1997-01-01,x,1.00', '3,c,1997-01-01,1,y');
    const { out, err } = await demo('--orders', file);
    expect(err).toContain(`line 3 of ${file} is no order: quantity is not a whole number`);
    expect(err).toContain(`line 4 of ${file} is no order: amount_usd is not an amount`);
    expect(err).toContain('1 orders, 2 bad lines skipped');
    expect(out).toBe('');
  });

  test('ends the demo at its first bad line when that is asked for', async () => {
    const file = await orderFile('1,c,1997-01-01,1,1.00', '2,c,1997-01-01,x,1.00', '3,c,1997-01-01,1,y');
    const { exitCode, err } = await demo('--orders', file, '--on-bad-line', 'stop');
    expect(exitCode).toBe(1);
    expect(err).toContain(`error: Line 3 of ${file} is no order`);
    expect(err).not.toContain('ine 4');
  });

  test('without a single order is refused', async () => {
    const { exitCode, err } = await demo('--orders', await orderFile('2,c,1997-01-01,x,1.00'));
    expect(exitCode).toBe(1);
    expect(err).toContain('holds no order');
  });
});

test('an endpoint that does not answer ends the demo with a sentence', async () => {
  const { exitCode, err } = await demo();
  expect(exitCode).toBe(1);
  expect(err).toContain('nothing answers there');
});
