import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { freePort } from '../../lib/local/port.ts';
import { testCorePath } from './core-path.ts';
import { runExample } from './run-example.ts';

let engine: StartedEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.stop());

describe('on MiniStack, with handlers in this process', () => {
  testCorePath(async () => ({ endpoint: engine.endpoint, region: engine.region }));
});

describe('the example', () => {
  test('passes where AWS_ENDPOINT_URL points to an engine', async () => {
    const { exitCode, output } = await runExample({ AWS_ENDPOINT_URL: engine.endpoint });
    expect(output).toContain('# pass 2');
    expect(output).toContain('left out: ');
    expect(exitCode).toBe(0);
  });

  test('fails where nothing answers, and says so in a sentence', async () => {
    const { exitCode, output } = await runExample({ AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` });
    expect(output).toMatch(/could not be made: .*nothing answers at http:\/\/127\.0\.0\.1:\d+/);
    expect(exitCode).not.toBe(0);
  });
});
