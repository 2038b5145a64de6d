import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startEngine } from '../../lib/local/engine.ts';
import { answers } from '../../lib/local/health.ts';
import { installEngine } from '../../lib/local/install.ts';
import { groupIsAlive } from '../../lib/local/processes.ts';
import { temporaryFolder, writeProgram } from './fake-program.ts';

test('without Python, but with a Docker engine, the engine runs as a container', async () => {
  const python = await installEngine();
  const folder = temporaryFolder();
  const asked = join(folder, 'asked');
  // It keeps the contract of `docker run --interactive`, with this machine's engine in place of the image's.
  writeProgram(
    folder,
    'docker',
    `
    require('node:fs').appendFileSync(${JSON.stringify(asked)}, JSON.stringify(parameters) + '\\n');
    if (parameters[0] === 'run') {
      const settings = parameters.filter((_, index) => parameters[index - 1] === '--env').map((one) => one.split(/=(.*)/s));
      const environment = { ...Object.fromEntries(settings), BIND_HOST: '127.0.0.1', TMPDIR: ${JSON.stringify(folder)} };
      const child = require('node:child_process').spawn(${JSON.stringify(python)}, parameters.slice(-2), { env: environment, stdio: 'inherit' });
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      child.on('exit', (code) => process.exit(code ?? 1));
    }`,
  );
  vi.stubEnv('PATH', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const engine = await startEngine({ stateFolder: folder, installFolder: join(folder, 'environment') });
  onTestFinished(() => engine.stop());
  expect(await answers(engine.endpoint)).toBe(true);
  await engine.stop();
  expect(groupIsAlive(engine.pid)).toBe(false);
  expect(await answers(engine.endpoint, 1000)).toBe(false);
  const commands = readFileSync(asked, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
  expect(commands.map(([command]) => command)).toEqual(['info', 'run', 'kill']);
  expect(commands[1]).toContain(engine.state.id);
  expect(commands[2]).toEqual(['kill', engine.state.id]);
});
