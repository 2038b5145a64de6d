import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { EngineInstallFailed, EngineStartFailed, EngineUnavailable } from '../../lib/local/errors.ts';
import { freePort } from '../../lib/local/port.ts';
import { corePathRun } from '../../scripts/engines/core-path-run.ts';
import { type EngineRun, runEngine } from '../../scripts/engines/engine-run.ts';
import { laneOf } from '../../scripts/engines/lane.ts';
import { runOptions } from '../../scripts/engines/options.ts';
import { enginesPage } from '../../scripts/engines/page.ts';
import { pageColumns, replaced } from '../../scripts/engines/page-columns.ts';
import { type Case, caseId, type Suite } from './case.ts';
import { SUITES } from './cases/index.ts';
import { ASKED_ENGINES, type AskedEngine } from './engines.ts';
import { expectationsOf, orphans, surprises } from './expectations.ts';
import { memoryTarget } from './memory.ts';
import type { Verdict } from './run-case.ts';
import { selected } from './run-suites.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ids = new Set(selected(SUITES, { slow: true }).map(([id]) => id));
const silent = () => undefined;

/** A suite of a case that engines get right, one that they get wrong, and one that is not for them. */
const SUITE: Suite = {
  service: 'fake',
  title: 'Fakes',
  cases: [
    fakeCase('is right', async () => undefined),
    fakeCase('is <wrong>', async () => {
      throw new Error('no');
    }),
    { ...fakeCase('is not here', async () => undefined), needs: ['lambda'] },
  ],
};

function fakeCase(name: string, run: Case['run']): Case {
  return { name, cites: 'https://docs.aws.amazon.com/page.html', needs: ['sqs'], run };
}

function fakeEngine(start: AskedEngine['start']): AskedEngine {
  return { name: 'fake', title: 'Fake', version: '1.0', features: new Set(['sqs']), start };
}

const started: AskedEngine['start'] = async () => ({
  target: { features: new Set(['sqs']), open: memoryTarget },
  close: async () => undefined,
});

/** Runs the command as a user does. */
function command(...parameters: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const args = ['--conditions=waybill-source', 'scripts/test-engines.ts', ...parameters];
  const { AWS_PROFILE: _, AWS_REGION: __, AWS_DEFAULT_REGION: ___, ...env } = process.env;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: root, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test('every case has a name of its own, and cites a page of AWS', () => {
  const cases = SUITES.flatMap((suite) => suite.cases);
  expect(ids.size).toBe(cases.length);
  for (const { cites } of cases) expect(cites).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/.+\.html$/);
});

test.for(ASKED_ENGINES.map(({ name }) => name))('what is expected of %s is about cases that there are', (name) => {
  expect(orphans(expectationsOf(name), ids)).toEqual([]);
});

test('a case that was right and is wrong, or the reverse, is a surprise; one that is unsteady is none', () => {
  const expected = { wrong: { b: 'a reason' }, unsteady: { c: 'a reason' } };
  const wrong = { verdict: 'wrong', what: 'it failed' } as const;
  const right = { verdict: 'right' } as const;
  expect(surprises(new Map(Object.entries({ a: right, b: wrong, c: wrong })), expected)).toEqual([]);
  expect(surprises(new Map([['a', wrong]]), expected)).toEqual(['"a" was right, and is wrong now: it failed.']);
  expect(surprises(new Map([['b', right]]), expected)).toEqual([
    '"b" was wrong (a reason), and is right now: take it out of expectations.json.',
  ]);
  expect(surprises(new Map([['b', { verdict: 'unsupported' }]]), expected)).toHaveLength(1);
});

test('an engine is asked what it supports, and what it gets wrong is told', async () => {
  const run = (await runEngine(fakeEngine(started), [SUITE], {}, laneOf(1), silent)) as EngineRun;
  expect([...run.outcomes.values()].map(({ verdict }) => verdict)).toEqual(['right', 'wrong', 'unsupported']);
  expect(run.surprises).toEqual(['"fake: is <wrong>" was right, and is wrong now: no.']);
});

test.for([
  [new EngineUnavailable('Fake needs a thing.'), 'Fake needs a thing.'],
  [
    new EngineInstallFailed('fake@1.0 could not be fetched; npm said:\nnetwork\nfailed'),
    'fake@1.0 could not be fetched.',
  ],
] as const)('an engine that this machine cannot have is left out: %s', async ([error, sentence]) => {
  const start = () => Promise.reject(error);
  const result = await runEngine(fakeEngine(start), [SUITE], {}, laneOf(1), silent);
  expect(result).toEqual({ name: 'fake', title: 'Fake', version: '1.0', leftOut: sentence });
});

test('an engine that does not start is a failure', async () => {
  const start = () => Promise.reject(new EngineStartFailed('Fake ended while it started.'));
  const run = (await runEngine(fakeEngine(start), [SUITE], {}, laneOf(1), silent)) as EngineRun;
  expect(run.surprises).toEqual(['Fake ended while it started.']);
});

test('the page has a row for each case, a column for each engine, and the reasons', async () => {
  const run = (await runEngine(fakeEngine(started), [SUITE], {}, laneOf(1), silent)) as EngineRun;
  const reasons = () => ({ wrong: { 'fake: is <wrong>': 'it says no' } });
  const page = enginesPage([SUITE], [{ ...run, date: '2026-11-01' }], reasons);
  expect(page).toContain('| Fake | 1.0 | 2026-11-01 | 1 | 1 | 1 |');
  expect(page).toContain('| [is right](https://docs.aws.amazon.com/page.html) | right |');
  expect(page).toContain('| [is \\<wrong\\>](https://docs.aws.amazon.com/page.html) | **wrong** |');
  expect(page).toContain('| [is not here](https://docs.aws.amazon.com/page.html) | – |');
  expect(page).toContain('### Fake\n\n- fake: is \\<wrong\\>: it says no.');
});

test('one engine is asked again, and the columns of the others stay as they are', () => {
  const column = (name: string, date: string, ...verdicts: readonly Verdict[]) => ({
    name,
    title: `The ${name}`,
    version: '1.0',
    date,
    outcomes: new Map(SUITE.cases.map((one, index) => [caseId(SUITE, one), { verdict: verdicts[index] ?? 'right' }])),
  });
  const reasons = () => ({ wrong: {} });
  const old = [column('one', '2026-11-01', 'right', 'wrong', 'unsupported'), column('other', '2026-11-01')];
  const columns = pageColumns(enginesPage([SUITE], old, reasons), [SUITE], (title) => title.replace('The ', ''));
  expect(columns).toEqual(old);
  const again = column('one', '2026-11-02', 'right', 'right', 'right');
  expect(replaced(columns, [again])).toEqual([again, old[1]]);
});

test('the page is what its columns say', () => {
  const page = readFileSync(new URL('../../docs/engines.md', import.meta.url), 'utf8');
  const nameOf = (title: string) => ASKED_ENGINES.find((engine) => engine.title === title)?.name;
  const columns = pageColumns(page, SUITES, nameOf);
  expect(columns.map(({ name }) => name)).toEqual(ASKED_ENGINES.map(({ name }) => name));
  expect(enginesPage(SUITES, columns, expectationsOf)).toBe(page);
});

test.for([
  [
    { exitCode: 0, lines: ['ok', '3 passed, 0 failed'] },
    { passed: 3, failed: 0, skipped: 0, lines: [] },
  ],
  [
    { exitCode: 0, lines: ['Left out: no Java.', '1 passed, 0 failed, 2 skipped'] },
    { passed: 1, failed: 0, skipped: 2, lines: ['Left out: no Java.'] },
  ],
  [
    { exitCode: 1, lines: ['no', '2 passed, 1 failed'] },
    { passed: 2, failed: 1, skipped: 0, lines: ['no'] },
  ],
  [
    { exitCode: 1, lines: ['3 passed, 0 failed'] },
    { passed: 3, failed: 1, skipped: 0, lines: [] },
  ],
  [
    { exitCode: undefined, lines: ['killed'] },
    { passed: 0, failed: 1, skipped: 0, lines: ['killed'] },
  ],
] as const)('the tests on LocalStack count: %o', ([result, expected]) => {
  expect(corePathRun(result)).toEqual(expected);
});

test('the example shop is tested where LocalStack is asked everything', () => {
  const tested = (...parameters: string[]) => runOptions(parameters, { AWS_REGION: 'us-east-1' }).corePath;
  expect([tested(), tested('--quick'), tested('--engine', 'localstack')]).toEqual([true, true, true]);
  expect([tested('--aws'), tested('--engine', 'memory'), tested('--only', 'sqs')]).toEqual([false, false, false]);
});

test('a lane runs so many pieces at once, all of them, and goes on after one that fails', async () => {
  const lane = laneOf(2);
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    if (most === 1) throw new Error('no');
  };
  const results = await Promise.allSettled(Array.from({ length: 7 }, () => lane(work)));
  expect(results).toHaveLength(7);
  expect(most).toBe(2);
});

test('the real AWS is asked on request alone', () => {
  expect(runOptions([], { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }).elsewhere).toBeUndefined();
  expect(runOptions([], {}).engines).toBe(ASKED_ENGINES);
  expect(runOptions(['--aws'], { AWS_REGION: 'eu-central-1' }).elsewhere).toEqual({ region: 'eu-central-1' });
});

test.for([
  [['--engine', 'dynalite'], "--engine is 'dynalite', and there is no such engine: give one of memory, ministack,"],
  [['--aws', '--endpoint', 'http://127.0.0.1'], '--aws and --endpoint are two places: give one of them.'],
  [['--endpoint', 'localhost:99'], "--endpoint is 'localhost:99': give a URL, e.g. http://127.0.0.1:4566."],
  [['--endpoint', 'nowhere'], "--endpoint is 'nowhere': give a URL, e.g. http://127.0.0.1:4566."],
  [['--aws'], '--aws needs a region: give --region, or set AWS_REGION.'],
  [['--aws', '--region', 'frankfurt'], "The region is 'frankfurt', which none is called: give one like us-east-1."],
  [['--region', 'us-east-1'], '--region is for --aws and --endpoint: engines have one here.'],
  [['--engine', 'memory', '--aws'], '--engine is started here: leave it out with --aws.'],
  [['--engnie', 'memory'], "Unknown option '--engnie': give --engine,"],
] as const)('%o is refused with a sentence', ([parameters, sentence]) => {
  expect(() => runOptions(parameters, {})).toThrow(sentence);
});

test('one engine can be asked, and the count of its cases is the last line', async () => {
  const { code, stdout } = await command('--engine', 'memory', '--only', 'sqs');
  expect(stdout).toMatch(/^In memory waybill\/testing: \d+ right, 0 wrong, \d+ not supported/);
  expect(stdout).toContain('Engines that ran: In memory waybill/testing.');
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, 0 failed$/);
  expect(code).toBe(0);
});

test('as JSON it is one value, case by case', async () => {
  const { stdout } = await command('--engine', 'memory', '--only', 'sqs: an empty batch', '--json');
  const { engines } = JSON.parse(stdout) as { engines: { name: string; cases: object }[] };
  expect(engines).toMatchObject([
    { name: 'memory', cases: { 'sqs: an empty batch is refused': { verdict: 'right' } } },
  ]);
});

test('an endpoint that does not answer is refused with one sentence', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const { code, stdout, stderr } = await command('--endpoint', endpoint);
  expect(stderr).toBe(`error: Nothing answers at ${endpoint}: start that engine, or give another --endpoint.\n`);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

test('an endpoint that is no AWS is refused with one sentence', async () => {
  const server = createServer((_, reply) => reply.writeHead(404).end('<html>nothing here</html>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await command('--endpoint', endpoint);
  expect(stderr).toMatch(new RegExp(`^error: ${endpoint} in us-east-1 answers for no service of the suite: .*\\.\n$`));
  expect(code).toBe(1);
});

test('a region that does not exist is refused with one sentence', async () => {
  const { code, stderr } = await command('--endpoint', 'http://127.0.0.1:9', '--region', 'frankfurt');
  expect(stderr).toBe("error: The region is 'frankfurt', which none is called: give one like us-east-1.\n");
  expect(code).toBe(1);
});

test('a service that the engine lacks is refused with one sentence', async () => {
  const { code, stderr } = await command('--engine', 'elasticmq', '--only', 'kinesis');
  expect(stderr).toBe("error: ElasticMQ has nothing of what 'kinesis' asks: it has sqs, sqs-fifo.\n");
  expect(code).toBe(1);
});

test('cases that there are not are refused with one sentence', async () => {
  const { code, stderr } = await command('--engine', 'memory', '--only', 'sns');
  expect(stderr).toBe("error: --only is 'sns': no case begins so.\n");
  expect(code).toBe(1);
});
