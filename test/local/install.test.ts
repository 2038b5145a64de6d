import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EngineInstallFailed } from '../../lib/local/errors.ts';
import { engineVersion, installEngine, isInstalled } from '../../lib/local/install.ts';
import { temporaryFolder, writeProgram } from './fake-program.ts';

/**
 * A Python that only writes down what is asked of it, and makes the files that venv and pip would. `pip` is what it does
 * on `pip install`.
 */
function fakePython(pip = '') {
  const folder = temporaryFolder();
  const journal = join(folder, 'journal');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(journal, '');
  writeProgram(
    bin,
    'python3',
    `
    const fs = require('node:fs');
    const path = require('node:path');
    const environment = path.dirname(path.dirname(process.argv[1]));
    const note = (text) => fs.appendFileSync(${JSON.stringify(journal)}, text + '\\n');
    if (parameters[0] === '-c' && parameters[1].includes('importlib')) console.log('{"version":[3,12,1],"complete":true}');
    if (parameters[1] === 'venv') {
      note('venv');
      fs.rmSync(parameters[2], { recursive: true, force: true });
      fs.mkdirSync(path.join(parameters[2], 'bin'), { recursive: true });
      fs.copyFileSync(process.argv[1], path.join(parameters[2], 'bin', 'python'));
    }
    if (parameters[1] === 'pip' && parameters[2] === 'install') {
      note(parameters.at(-1));
      ${pip}
      fs.mkdirSync(path.join(environment, 'lib', 'python3.12', 'site-packages', 'ministack-${engineVersion}.dist-info'), { recursive: true });
    }`,
  );
  return {
    folder: join(folder, 'environment'),
    environment: { PATH: bin },
    journal: () => readFileSync(journal, 'utf8').trim().split('\n').filter(Boolean),
  };
}

const pinned = `ministack==${engineVersion}`;

test('the pinned version is installed once, and found without asking Python again', async () => {
  const { folder, environment, journal } = fakePython();
  await expect(installEngine({ folder, environment })).resolves.toBe(join(folder, 'bin', 'python'));
  await installEngine({ folder, environment: { PATH: '' } });
  expect(journal()).toEqual(['venv', pinned]);
});

test('two installations at once make one', async () => {
  const { folder, environment, journal } = fakePython(
    'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);',
  );
  const told: string[] = [];
  const install = () => installEngine({ folder, environment, report: (line) => told.push(line) });
  await Promise.all([install(), install()]);
  expect(journal()).toEqual(['venv', pinned]);
  expect(told.filter((line) => line.includes('Another process'))).toHaveLength(1);
});

test('an installation that was interrupted counts as none and is repaired', async () => {
  const { folder, environment, journal } = fakePython();
  await installEngine({ folder, environment });
  rmSync(join(folder, '.waybill.json'));
  expect(isInstalled(folder)).toBe(false);
  await installEngine({ folder, environment });
  expect(isInstalled(folder)).toBe(true);
  expect(journal()).toEqual(['venv', pinned, 'venv', pinned]);
});

test('another version in the environment is replaced', async () => {
  const { folder, environment } = fakePython();
  await installEngine({ folder, environment });
  writeFileSync(join(folder, '.waybill.json'), JSON.stringify({ engine: '0.0.1' }));
  await installEngine({ folder, environment });
  expect(isInstalled(folder)).toBe(true);
});

test('what is left of an environment that cannot be mended is made anew', async () => {
  const { folder, environment, journal } = fakePython(
    `if (fs.existsSync(path.join(environment, 'broken'))) { console.error('half a package'); process.exit(1); }`,
  );
  await installEngine({ folder, environment });
  rmSync(join(folder, '.waybill.json'));
  writeFileSync(join(folder, 'broken'), '');
  await installEngine({ folder, environment });
  expect(isInstalled(folder)).toBe(true);
  expect(journal()).toEqual(['venv', pinned, 'venv', pinned]);
});

test('when pip fails, the error ends with what it said and nothing counts as installed', async () => {
  const { folder, environment } = fakePython(`console.error('no route to the package index'); process.exit(1);`);
  const installation = installEngine({ folder, environment });
  await expect(installation).rejects.toThrow(EngineInstallFailed);
  await expect(installation).rejects.toThrow(/could not be installed.*\n.*no route to the package index/);
  expect(isInstalled(folder)).toBe(false);
  expect(existsSync(join(folder, '.waybill.json'))).toBe(false);
});
