import { expect, test } from 'vitest';
import { containerParameters, dockerAnswers, engineImage } from '../../lib/local/engines/docker.ts';
import { engineVersion } from '../../lib/local/install.ts';
import { temporaryFolder, writeProgram } from './fake-program.ts';

const options = {
  name: 'one',
  port: 4711,
  settings: { BIND_HOST: '127.0.0.1', GATEWAY_PORT: '4711' },
  program: 'pass',
};

test('the container runs the pinned image and is reachable through the loopback only', () => {
  const parameters = containerParameters(options);
  expect(parameters).toContain(engineImage);
  expect(engineImage.endsWith(`:${engineVersion}`)).toBe(true);
  expect(parameters.filter((_, index) => parameters[index - 1] === '--publish')).toEqual(['127.0.0.1:4711:4711']);
  expect(parameters).toContain('BIND_HOST=0.0.0.0');
  expect(parameters).toContain('--rm');
});

test('saved state is kept in a folder of this machine', () => {
  const parameters = containerParameters({ ...options, persist: '/saved' });
  expect(parameters).toContain('/saved:/var/lib/waybill');
  expect(parameters).toContain('STATE_DIR=/var/lib/waybill');
});

test('Docker answers only when its engine does', async () => {
  const folder = temporaryFolder();
  await expect(dockerAnswers({ PATH: folder })).resolves.toBe(false);
  writeProgram(folder, 'docker', 'process.exit(1);');
  await expect(dockerAnswers({ PATH: folder })).resolves.toBe(false);
  writeProgram(folder, 'docker', 'process.exit(parameters[0] === "info" ? 0 : 1);');
  await expect(dockerAnswers({ PATH: folder })).resolves.toBe(true);
});
