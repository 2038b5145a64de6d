import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOM_PREFIX, ROOMS, roomOverrides } from '../../scripts/lint/rooms.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a room may import at all, and what no room may: by the table of rooms. */
const roomNames = Object.keys(ROOMS);

function fileIn(room: string): string {
  return `lib/${room}/file.ts`;
}

/** From one room's file to another's, as an import names it. */
function pathBetween(from: string, to: string): string {
  return pathTo(`lib/${to}/other.ts`, from);
}

function pathTo(file: string, from: string): string {
  const path = relative(dirname(fileIn(from)), file);
  return path.startsWith('.') ? path : `./${path}`;
}

const pairs = roomNames.flatMap((from) => roomNames.filter((to) => to !== from).map((to) => [from, to] as const));
const isAllowed = ([from, to]: readonly [string, string]) =>
  ROOMS[from]?.imports.some((room) => room === to || to.startsWith(`${room}/`)) || to.startsWith(`${from}/`);

/** Neither the doors, nor what is beside lib, nor the package by its name. */
const outside = ['lib/public/index.ts', 'functions/relay.ts', 'demo/index.ts', 'test/samples.ts'];

const refusedImports: [file: string, source: string][] = [
  ...pairs
    .filter((pair) => !isAllowed(pair))
    .map(([from, to]): [string, string] => [fileIn(from), pathBetween(from, to)]),
  ...roomNames.flatMap((room) => outside.map((file): [string, string] => [fileIn(room), pathTo(file, room)])),
  ...roomNames.map((room): [string, string] => [fileIn(room), 'waybill']),
  ['lib/constructs/rules/events.ts', '../../relay/relay.ts'],
  ['lib/contract/event.ts', '@aws-sdk/client-dynamodb'],
  ['lib/contract/event.ts', '@middy/core'],
  ['lib/contract/event.ts', 'aws-cdk-lib/aws-sqs'],
  ['lib/contract/event.ts', 'zod'],
  ['lib/ledger/rows/outbox.ts', '@aws-sdk/client-dynamodb'],
  ['lib/consume/consume.ts', 'aws-cdk-lib'],
  ['lib/consume/consume.ts', 'aws-cdk-lib/aws-sqs'],
  ['lib/consume/consume.ts', 'constructs'],
  ['lib/consume/consume.ts', 'zod'],
  ['lib/relay/relay.ts', '../half/half.ts'],
  ['lib/testing/ledger.ts', 'aws-cdk-lib'],
  ['lib/radar/app.ts', 'aws-cdk-lib'],
  ['functions/relay.ts', '../lib/constructs/ledger/ledger.ts'],
  ['functions/relay.ts', '../lib/testing/test-ledger.ts'],
  ['functions/relay.ts', '../lib/local/engine.ts'],
  ['functions/relay.ts', '../lib/public/runtime.ts'],
  ['functions/relay.ts', 'aws-cdk-lib'],
  ['bin/app.ts', '../lib/local/engine.ts'],
  ['bin/app.ts', '../lib/testing/test-ledger.ts'],
  ['bin/app.ts', 'waybill/testing'],
  ['demo/run.ts', '../lib/publish/publish.ts'],
  ['demo/run.ts', '../lib/testing/test-ledger.ts'],
  ['demo/run.ts', '../lib/public/runtime.ts'],
  ['demo/run.ts', '../test/demo/evidence.ts'],
  ['examples/commerce/stack.ts', '../../lib/constructs/ledger/ledger.ts'],
  ['examples/commerce/stack.ts', 'waybill/testing'],
  ['examples/commerce/functions/take-payment.ts', '../../../lib/consume/consume.ts'],
  ['examples/commerce/functions/take-payment.ts', 'waybill/constructs'],
  ['examples/commerce/functions/take-payment.ts', 'waybill/testing'],
  ['examples/commerce/functions/take-payment.ts', 'aws-cdk-lib'],
  ['examples/commerce/shop.test.ts', '../../lib/testing/test-ledger.ts'],
  ['examples/commerce/contract.ts', 'waybill/runtime'],
  ['examples/commerce/contract.ts', 'waybill/constructs'],
  ['examples/commerce/contract.ts', 'aws-cdk-lib'],
  ['bench/overhead.ts', 'fs'],
  ['lib/local/engine.ts', 'child_process'],
  ['test/contract/ids.test.ts', 'path'],
];

const allowedImports: [file: string, source: string][] = [
  ...pairs.filter(isAllowed).map(([from, to]): [string, string] => [fileIn(from), pathBetween(from, to)]),
  ['lib/contract/event.ts', './errors.ts'],
  ['lib/constructs/framework/relay.ts', '../ledger/ledger.ts'],
  ['lib/contract/event.ts', '@standard-schema/spec'],
  ['lib/message/message-id.ts', 'uuid'],
  ['lib/ledger/inbox.ts', './rows/inbox.ts'],
  ['lib/consume/consume.ts', './record.ts'],
  ['lib/consume/consume.ts', '@aws-sdk/client-dynamodb'],
  ['lib/consume/consume.ts', '@middy/core'],
  ['lib/half/sql/local-transaction.ts', '../check-back.ts'],
  ['lib/relay/relay.ts', '../half/check-back-request.ts'],
  ['lib/constructs/ledger/ledger.ts', 'aws-cdk-lib'],
  ['lib/constructs/ledger/ledger.ts', 'aws-cdk-lib/aws-lambda'],
  ['lib/constructs/ledger/ledger.ts', 'constructs'],
  ['lib/cli/up.ts', 'commander'],
  ['functions/relay.ts', '../lib/relay/relay.ts'],
  ['functions/radar-widget.ts', '../lib/radar/widget.ts'],
  ['bin/waybill.ts', '../lib/cli/index.ts'],
  ['bin/app.ts', '../examples/commerce/stack.ts'],
  ['demo/run.ts', 'waybill'],
  ['demo/run.ts', 'waybill/operations'],
  ['demo/run.ts', '../examples/commerce/contract.ts'],
  ['demo/run.ts', '../lib/local/index.ts'],
  ['demo/run.ts', '../lib/cli/progress.ts'],
  ['demo/run.ts', '../lib/reconcile/heal.ts'],
  ['examples/commerce/stack.ts', 'waybill/constructs'],
  ['examples/commerce/contract.ts', 'waybill'],
  ['examples/commerce/contract.ts', 'zod'],
  ['examples/commerce/functions/take-payment.ts', 'waybill/runtime'],
  ['examples/commerce/functions/take-payment.ts', '../contract.ts'],
  ['examples/commerce/shop.test.ts', 'waybill/testing'],
  ['test/consume/consume.test.ts', '../../lib/public/testing.ts'],
  ['test/local/engine.test.ts', '../../lib/local/engine.ts'],
  ['bench/overhead.ts', '../lib/testing/test-ledger.ts'],
  ['bench/throughput.ts', '../lib/local/engine.ts'],
];

/** What takes time, randomness or ids from the machine. */
const refusedInRuntime = [
  'Date.now();',
  'clock = { now: Date.now };',
  'new Date();',
  'performance.now();',
  'process.hrtime.bigint();',
  'Math.random();',
  'random = Math.random;',
  'crypto.randomUUID();',
  'globalThis.crypto.randomUUID();',
  'randomUUID();',
  'randomBytes(8);',
  'setTimeout(() => undefined, 5);',
  'globalThis.setTimeout(() => undefined, 5);',
  'setInterval(() => undefined, 5);',
  "import { setTimeout as sleep } from 'node:timers/promises';",
  'AbortSignal.timeout(5);',
];

const allowedInRuntime = [
  'new Date(milliseconds).toISOString();',
  'Math.round(1.5);',
  'environment.now();',
  "import { createHash } from 'node:crypto';",
];

/** Rules about promises and cycles are shown one violation, too: they are worth nothing where they do not run. */
const refusedElsewhere: [file: string, line: string][] = [
  ['lib/local/floating.ts', 'async function work(): Promise<void> {} export function start(): void { work(); }'],
  [
    'lib/local/misused.ts',
    'export async function work(): Promise<void> {} [1].forEach(async () => { await work(); });',
  ],
  ['lib/local/one.ts', "import { two } from './two.ts'; export const one = () => two;"],
  ['lib/local/two.ts', "import { one } from './one.ts'; export const two = () => one;"],
  ['lib/constructs/ledger/one.ts', "import type { Two } from './two.ts'; export type One = Two | 1;"],
  ['lib/constructs/ledger/two.ts', "import type { One } from './one.ts'; export type Two = One | 2;"],
];

const otherWaysToImport = [
  "export { Ledger } from '../constructs/ledger/ledger.ts';",
  "await import('../constructs/ledger/ledger.ts');",
  "import type { Ledger } from '../constructs/ledger/ledger.ts';",
];

const environmentOwners = ['lib/aws/environment.ts'];
const environmentUsers = ['lib/consume/consume.ts', 'lib/half/sql/execute.ts', 'lib/contract/event.ts'];

/** One violation, or one thing that is fine, a line. */
const linesOf = new Map<string, string[]>();
for (const [file, source] of [...refusedImports, ...allowedImports]) addLine(file, importing(source));
for (const [file, line] of refusedElsewhere) addLine(file, line);
for (const line of otherWaysToImport) addLine('lib/consume/consume.ts', line);
for (const file of [...environmentOwners, ...environmentUsers]) {
  for (const line of [...refusedInRuntime, ...allowedInRuntime]) addLine(file, line);
}

/** Others, about unused imports for one, must not make these tests pass. */
const rules = [
  'lint/style/noRestrictedImports',
  'lint/style/useNodejsImportProtocol',
  'lint/correctness/noUndeclaredDependencies',
  'lint/nursery/noFloatingPromises',
  'lint/nursery/noMisusedPromises',
  'lint/suspicious/noImportCycles',
  'plugin',
];

let folder: string;
/** `file:line` of everything that the linter refused. */
let refused: Set<string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-lint-'));
  await copySettings();
  for (const [file, lines] of linesOf) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), lines.join('\n'));
  }
  refused = await lint();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the linter refuses', () => {
  test.for(refusedImports)("in %s: import '%s'", ([file, source]) => {
    expect(isRefused(file, importing(source))).toBe(true);
  });

  test.for(otherWaysToImport)('in a room of the run time: %s', (line) => {
    expect(isRefused('lib/consume/consume.ts', line)).toBe(true);
  });

  test.for(refusedElsewhere)('in %s: %s', ([file, line]) => {
    expect(isRefused(file, line)).toBe(true);
  });

  test.for(refusedInRuntime)('in the run time and the contract: %s', (line) => {
    for (const file of environmentUsers) expect(isRefused(file, line), file).toBe(true);
  });
});

test("the linter's settings follow from the table of rooms: `npm run rooms` brings them up to date", async () => {
  const { overrides } = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'));
  const ofRooms = overrides.filter(({ includes }: { includes: string[] }) => includes[0]?.startsWith(ROOM_PREFIX));
  expect(ofRooms).toEqual(roomOverrides());
});

test('every room of lib is in the table', async () => {
  const rooms = (await readdir(join(root, 'lib'))).filter((name) => name !== 'public');
  expect(rooms.filter((room) => !(room in ROOMS))).toEqual([]);
});

test('no file lies deeper in its room than the table says', async () => {
  const files = await readdir(join(root, 'lib'), { recursive: true });
  const tooDeep = files.filter((file) => {
    const [room = '', ...path] = file.split(sep);
    return (
      file.endsWith('.ts') && room !== 'public' && path.length > (ROOMS[room]?.depth ?? (room === 'ledger' ? 2 : 1))
    );
  });
  expect(tooDeep).toEqual([]);
});

describe('the linter allows', () => {
  test.for(allowedImports)("in %s: import '%s'", ([file, source]) => {
    expect(isRefused(file, importing(source))).toBe(false);
  });

  test.for(allowedInRuntime)('in the run time and the contract: %s', (line) => {
    for (const file of environmentUsers) expect(isRefused(file, line), file).toBe(false);
  });

  test.for(refusedInRuntime)('in the Environment itself: %s', (line) => {
    for (const file of environmentOwners) expect(isRefused(file, line), file).toBe(false);
  });
});

function importing(source: string): string {
  return `import '${source}';`;
}

function addLine(file: string, line: string): void {
  linesOf.set(file, [...(linesOf.get(file) ?? []), line]);
}

function isRefused(file: string, line: string): boolean {
  const index = linesOf.get(file)?.indexOf(line) ?? -1;
  if (index < 0) throw new Error(`${file} has no line: ${line}`);
  return refused.has(`${file}:${index + 1}`);
}

/** The repository's own settings; only the temporary folder has no Git that says what to ignore. */
async function copySettings(): Promise<void> {
  const settings = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'));
  settings.vcs = { enabled: false };
  await writeFile(join(folder, 'biome.json'), JSON.stringify(settings));
  await cp(join(root, 'biome.deep.json'), join(folder, 'biome.deep.json'));
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  await cp(join(root, 'scripts/lint'), join(folder, 'scripts/lint'), { recursive: true });
}

async function lint(): Promise<Set<string>> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'lint', '--config-path=biome.deep.json', '--reporter=json', '--max-diagnostics=none'];
  // It ends with an error, as it should: it found what it must refuse.
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }).catch(
    (failure: { stdout: string }) => failure,
  );
  const report: { diagnostics: Diagnostic[] } = JSON.parse(stdout);
  const ours = report.diagnostics.filter(({ category }) => rules.includes(category));
  return new Set(ours.map(({ location }) => `${location.path}:${location.start.line}`));
}

type Diagnostic = { category: string; location: { path: string; start: { line: number } } };
