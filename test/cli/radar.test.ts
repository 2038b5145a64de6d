import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { capturedContext } from './captured-context.ts';
import { deployed } from './deployed-ledgers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The command as a person starts it, on a ledger with nothing in it. */
async function start(): Promise<{ readonly command: ChildProcess; readonly url: string }> {
  const endpoint = await deployed({ functions: [{ WAYBILL_LEDGER: 'Shop' }], tables: { Shop: undefined } });
  const command = spawn(process.execPath, ['--conditions=waybill-source', 'bin/waybill.ts', 'radar', '--json'], {
    cwd: root,
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void command.kill('SIGKILL'));
  let printed = '';
  for await (const chunk of command.stdout ?? []) {
    printed += String(chunk);
    if (printed.endsWith('\n')) break;
  }
  const { url, ...rest } = JSON.parse(printed) as { url: string };
  expect(rest).toEqual({ ledger: 'Shop', shards: 16 });
  return { command, url };
}

/** The status of the answer to a request that names another host, as after DNS rebinding. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (answer) => resolve(answer.resume().statusCode));
    asked.on('error', reject).end();
  });
}

test('waybill radar serves the page on loopback, to nobody else, until it is told to end', async () => {
  const { command, url } = await start();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await fetch(url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('Radar of Shop');
  expect(await statusFor(url, 'radar.example')).toBe(421);
  const live = await fetch(`${url}live`);

  const ended = once(command, 'exit');
  command.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  await expect(live.text()).rejects.toThrow();
}, 60_000);

test.each(['0', '65536', 'many'])('--port %s is refused as wrong usage', async (port) => {
  const context = capturedContext();
  expect(await run(['radar', '--port', port], context)).toBe(2);
  expect(context.stderr()).toContain('It is a number from 1 to 65535.');
});
