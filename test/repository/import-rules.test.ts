import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const refusedImports: [file: string, source: string][] = [
  ['lib/contract/event.ts', '../runtime/index.ts'],
  ['lib/contract/deep/er/event.ts', '../../../constructs/index.ts'],
  ['lib/contract/event.ts', '../testing/index.ts'],
  ['lib/contract/event.ts', '../local/index.ts'],
  ['lib/contract/event.ts', '../cli/index.ts'],
  ['lib/contract/event.ts', '../../functions/relay.ts'],
  ['lib/contract/event.ts', '../../examples/commerce/contract.ts'],
  ['lib/contract/event.ts', 'waybill'],
  ['lib/contract/event.ts', 'waybill/runtime'],
  ['lib/contract/event.ts', '@aws-sdk/client-dynamodb'],
  ['lib/contract/event.ts', '@middy/core'],
  ['lib/contract/event.ts', 'aws-cdk-lib'],
  ['lib/contract/event.ts', 'aws-cdk-lib/aws-sqs'],
  ['lib/contract/event.ts', 'constructs'],
  ['lib/contract/event.ts', 'zod'],
  ['lib/runtime/consume.ts', '../constructs/index.ts'],
  ['lib/runtime/deep/consume.ts', '../../constructs/ledger.ts'],
  ['lib/runtime/consume.ts', '../testing/index.ts'],
  ['lib/runtime/consume.ts', '../local/index.ts'],
  ['lib/runtime/consume.ts', '../cli/index.ts'],
  ['lib/runtime/consume.ts', '../../functions/relay.ts'],
  ['lib/runtime/consume.ts', 'waybill'],
  ['lib/runtime/consume.ts', 'aws-cdk-lib'],
  ['lib/runtime/consume.ts', 'aws-cdk-lib/aws-sqs'],
  ['lib/runtime/consume.ts', 'constructs'],
  ['lib/runtime/consume.ts', 'zod'],
  ['lib/constructs/ledger.ts', '../runtime/index.ts'],
  ['lib/constructs/ledger.ts', '../testing/index.ts'],
  ['lib/constructs/ledger.ts', '../local/index.ts'],
  ['lib/constructs/ledger.ts', '../cli/index.ts'],
  ['lib/constructs/ledger.ts', '../../functions/relay.ts'],
  ['lib/constructs/ledger.ts', 'waybill'],
  ['lib/testing/ledger.ts', '../constructs/index.ts'],
  ['lib/testing/ledger.ts', '../local/index.ts'],
  ['lib/testing/ledger.ts', '../cli/index.ts'],
  ['lib/testing/ledger.ts', 'aws-cdk-lib'],
  ['lib/contract/event.ts', '../radar/index.ts'],
  ['lib/runtime/consume.ts', '../radar/index.ts'],
  ['lib/constructs/ledger.ts', '../radar/widget.ts'],
  ['lib/testing/ledger.ts', '../radar/index.ts'],
  ['lib/radar/app.ts', '../constructs/index.ts'],
  ['lib/radar/app.ts', '../testing/index.ts'],
  ['lib/radar/app.ts', '../cli/index.ts'],
  ['lib/radar/app.ts', 'aws-cdk-lib'],
  ['lib/local/engine.ts', '../radar/index.ts'],
  ['lib/local/engine.ts', '../testing/index.ts'],
  ['lib/local/engine.ts', '../cli/index.ts'],
  ['lib/cli/up.ts', '../testing/index.ts'],
  ['functions/relay.ts', '../lib/constructs/index.ts'],
  ['functions/relay.ts', '../lib/testing/index.ts'],
  ['functions/relay.ts', '../lib/local/index.ts'],
  ['functions/relay.ts', 'aws-cdk-lib'],
  ['bin/app.ts', '../lib/local/engine.ts'],
  ['bin/app.ts', '../lib/testing/index.ts'],
  ['bin/app.ts', 'waybill/testing'],
  ['examples/commerce/stack.ts', '../../lib/constructs/index.ts'],
  ['examples/commerce/stack.ts', 'waybill/testing'],
  ['examples/commerce/functions/take-payment.ts', '../../../lib/runtime/index.ts'],
  ['examples/commerce/functions/take-payment.ts', 'waybill/constructs'],
  ['examples/commerce/functions/take-payment.ts', 'waybill/testing'],
  ['examples/commerce/functions/take-payment.ts', 'aws-cdk-lib'],
  ['examples/commerce/contract.ts', 'waybill/runtime'],
  ['examples/commerce/contract.ts', 'waybill/constructs'],
  ['examples/commerce/contract.ts', 'aws-cdk-lib'],
  ['bench/overhead.ts', 'fs'],
  ['lib/local/engine.ts', 'child_process'],
  ['test/contract/ids.test.ts', 'path'],
];

const allowedImports: [file: string, source: string][] = [
  ['lib/contract/event.ts', './errors.ts'],
  ['lib/contract/deep/event.ts', '../errors.ts'],
  ['lib/contract/event.ts', '@standard-schema/spec'],
  ['lib/contract/event.ts', 'uuid'],
  ['lib/radar/app.ts', '../runtime/trace/trace.ts'],
  ['functions/radar-widget.ts', '../lib/radar/widget.ts'],
  ['lib/cli/radar.ts', '../radar/index.ts'],
  ['lib/runtime/consume.ts', '../contract/index.ts'],
  ['lib/runtime/consume.ts', './transaction.ts'],
  ['lib/runtime/consume.ts', '@aws-sdk/client-dynamodb'],
  ['lib/runtime/consume.ts', '@middy/core'],
  ['lib/constructs/ledger.ts', '../contract/index.ts'],
  ['lib/constructs/ledger.ts', 'aws-cdk-lib'],
  ['lib/constructs/ledger.ts', 'aws-cdk-lib/aws-lambda'],
  ['lib/constructs/ledger.ts', 'constructs'],
  ['lib/testing/ledger.ts', '../runtime/index.ts'],
  ['lib/cli/up.ts', '../local/index.ts'],
  ['lib/cli/up.ts', 'commander'],
  ['functions/relay.ts', '../lib/runtime/index.ts'],
  ['bin/waybill.ts', '../lib/cli/index.ts'],
  ['bin/app.ts', '../examples/commerce/stack.ts'],
  ['examples/commerce/stack.ts', 'waybill/constructs'],
  ['examples/commerce/contract.ts', 'waybill'],
  ['examples/commerce/contract.ts', 'zod'],
  ['examples/commerce/functions/take-payment.ts', 'waybill/runtime'],
  ['examples/commerce/functions/take-payment.ts', '../contract.ts'],
  ['examples/commerce/shop.test.ts', 'waybill/testing'],
  ['test/runtime/consume.test.ts', '../../lib/testing/index.ts'],
  ['test/local/engine.test.ts', '../../lib/local/index.ts'],
  ['bench/overhead.ts', '../lib/testing/index.ts'],
  ['bench/throughput.ts', '../lib/local/index.ts'],
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
];

const otherWaysToImport = [
  "export { Ledger } from '../constructs/index.ts';",
  "await import('../constructs/index.ts');",
  "import type { Ledger } from '../constructs/index.ts';",
];

const environmentOwners = ['lib/runtime/environment.ts', 'lib/runtime/environment/clock.ts'];
const environmentUsers = ['lib/runtime/consume.ts', 'lib/runtime/deep/consume.ts', 'lib/contract/event.ts'];

/** One violation, or one thing that is fine, a line. */
const linesOf = new Map<string, string[]>();
for (const [file, source] of [...refusedImports, ...allowedImports]) addLine(file, importing(source));
for (const [file, line] of refusedElsewhere) addLine(file, line);
for (const line of otherWaysToImport) addLine('lib/runtime/consume.ts', line);
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

  test.for(otherWaysToImport)('in lib/runtime: %s', (line) => {
    expect(isRefused('lib/runtime/consume.ts', line)).toBe(true);
  });

  test.for(refusedElsewhere)('in %s: %s', ([file, line]) => {
    expect(isRefused(file, line)).toBe(true);
  });

  test.for(refusedInRuntime)('in lib/runtime and lib/contract: %s', (line) => {
    for (const file of environmentUsers) expect(isRefused(file, line), file).toBe(true);
  });
});

describe('the linter allows', () => {
  test.for(allowedImports)("in %s: import '%s'", ([file, source]) => {
    expect(isRefused(file, importing(source))).toBe(false);
  });

  test.for(allowedInRuntime)('in lib/runtime and lib/contract: %s', (line) => {
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
