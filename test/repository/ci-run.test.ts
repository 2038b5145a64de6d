import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../.ci/run', import.meta.url));

/** In place of npm: prints and ends as the environment says, by what it is to run. */
const npm = `#!/usr/bin/env bash
if [ "$1" = test ]; then printf '%s\\n' "$TESTS"; exit "$TESTS_END"; fi
if [ "$3" = test:fetch ]; then exit 1; fi
if [ "$3" = test:managers ]; then printf '%s\\n' "$MANAGERS"; fi
if [ "$3" = test:managers ]; then exit "$MANAGERS_END"; fi
if [ "$3" = test:artifacts ]; then printf '%s\\n' "$ARTIFACTS"; exit "$ARTIFACTS_END"; fi
if [ "$3" = docs ]; then printf '%s\\n' "$SITE"; exit "$SITE_END"; fi
printf '%s\\n' "$ENGINES"; exit "$ENGINES_END"
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-ci-'));
  await mkdir(join(folder, '.ci'));
  await mkdir(join(folder, 'bin'));
  await copyFile(script, join(folder, '.ci/run'));
  await writeFile(join(folder, 'bin/npm'), npm);
  await chmod(join(folder, 'bin/npm'), 0o755);
  // As on a machine whose distribution cannot be reached: nothing is installed by this test, and no run fails by it.
  await writeFile(join(folder, 'bin/apt-get'), '#!/usr/bin/env bash\nexit 100\n');
  await chmod(join(folder, 'bin/apt-get'), 0o755);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.for<[what: string, tests: Part, engines: Part, line: string, code: number]>([
  ['both pass', ['3 passed, 0 failed', 0], ['2 passed, 0 failed', 0], '5 passed, 0 failed', 0],
  [
    'some are skipped',
    ['3 passed, 0 failed, 2 skipped', 0],
    ['2 passed, 0 failed, 1 skipped', 0],
    '5 passed, 3 failed',
    1,
  ],
  ['a test fails', ['2 passed, 1 failed', 1], ['2 passed, 0 failed', 0], '4 passed, 1 failed', 1],
  ['an engine surprises', ['3 passed, 0 failed', 0], ['1 passed, 1 failed', 1], '4 passed, 1 failed', 1],
  ['the tests do not start', ['error', 1], ['2 passed, 0 failed', 0], '2 passed, 1 failed', 1],
  ['the engines do not start', ['3 passed, 0 failed', 0], ['error', 1], '3 passed, 1 failed', 1],
  ['a run ends well without a count', ['3 passed, 0 failed', 0], ['', 0], '3 passed, 1 failed', 1],
  ['a run fails that counts no failure', ['3 passed, 0 failed', 0], ['2 passed, 0 failed', 1], '5 passed, 1 failed', 1],
])('when %s, CI ends with the count of both, alone on the last line', async ([, tests, engines, line, code]) => {
  expect(await run(tests, engines)).toMatchObject({ line, code });
});

test('CI says above its last line what failed in whichever part', async () => {
  const failing: [Part, Part] = [
    ['failed: a.test.ts > a: no\n2 passed, 1 failed', 1],
    ['failed: DynamoDB Local > b: never\n1 passed, 1 failed', 1],
  ];
  expect((await run(...failing)).end).toEqual([
    'failed: a.test.ts > a: no',
    'failed: DynamoDB Local > b: never',
    '',
    '3 passed, 2 failed',
  ]);
});

test('where a machine cannot have what tests need, CI tells what was skipped in its last line', async () => {
  const skipping: [Part, Part] = [
    ['3 passed, 0 failed, 2 skipped', 0],
    ['2 passed, 0 failed, 1 skipped', 0],
  ];
  expect(await run(...skipping, { ALLOW_SKIPPED: '1' })).toMatchObject({
    line: '5 passed, 0 failed, 3 skipped',
    code: 0,
  });
});

test('a site with a dead link fails CI', async () => {
  const site = { SITE: '60 passed, 1 failed', SITE_END: '1' };
  expect(await run(['3 passed, 0 failed', 0], ['2 passed, 0 failed', 0], site)).toMatchObject({
    line: '65 passed, 1 failed',
    code: 1,
  });
});

test('a package that does not work where it is installed fails CI', async () => {
  const installed = { ARTIFACTS: '25 passed, 1 failed', ARTIFACTS_END: '1' };
  expect(await run(['3 passed, 0 failed', 0], ['2 passed, 0 failed', 0], installed)).toMatchObject({
    line: '30 passed, 1 failed',
    code: 1,
  });
});

test('an application that another package manager cannot install fails CI', async () => {
  const managers = { MANAGERS: 'error', MANAGERS_END: '1' };
  expect(await run(['3 passed, 0 failed', 0], ['2 passed, 0 failed', 0], managers)).toMatchObject({
    line: '5 passed, 1 failed',
    code: 1,
  });
});

type Part = [prints: string, ends: number];

function run(
  tests: Part,
  engines: Part,
  variables: object = {},
): Promise<{ line: string | undefined; end: string[]; code: number | null }> {
  const env = {
    ...process.env,
    ALLOW_SKIPPED: '',
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
    TESTS: tests[0],
    TESTS_END: String(tests[1]),
    MANAGERS: '0 passed, 0 failed',
    MANAGERS_END: '0',
    ARTIFACTS: '0 passed, 0 failed',
    ARTIFACTS_END: '0',
    SITE: '0 passed, 0 failed',
    SITE_END: '0',
    ENGINES: engines[0],
    ENGINES_END: String(engines[1]),
    ...variables,
  };
  return new Promise((resolve) => {
    const child = execFile('bash', [join(folder, '.ci/run')], { env }, (_, stdout) => {
      const lines = stdout.trimEnd().split('\n');
      resolve({ line: lines.at(-1), end: lines.slice(-4), code: child.exitCode });
    });
  });
}
