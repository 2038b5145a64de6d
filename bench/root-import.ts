/**
 * How much longer a process takes to start that imports `waybill`: what a function's cold start pays for the contract.
 * Fresh processes in turn, beside an empty one: the package as npm publishes it, and this repository's sources.
 *
 * `npm run bench -- import [--rounds 25] [--json]`
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { joinContract } from '../scripts/build/contract-file.mjs';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { median } from './rounds.ts';
import { figure, table } from './table.ts';

/** Milliseconds that the built package's root may take beyond an empty process. */
const MARK = 10;
const root = fileURLToPath(new URL('..', import.meta.url));

interface Program {
  readonly name: 'empty' | 'built' | 'source';
  readonly does: string;
  readonly code: string;
  /** From where `waybill` is looked for. */
  readonly folder: string;
  readonly options: readonly string[];
}

/** What a fresh process took from its start until its code had run, in milliseconds. */
interface Start {
  readonly elapsed: number;
  /** CPU time of all its threads. */
  readonly cpu: number;
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '25' }, json: { type: 'boolean', default: false } },
});
const rounds = wholeNumber('rounds', values.rounds);

// Below the repository's node_modules, where what the package depends on is found.
const cache = join(root, 'node_modules', '.cache', 'waybill');
mkdirSync(cache, { recursive: true });
const project = mkdtempSync(join(cache, 'root-import-'));
try {
  await installPackage(project);
  report(measure(programs(project)));
} finally {
  rmSync(project, { recursive: true, force: true });
}

function programs(project: string): readonly Program[] {
  const code = "import 'waybill';";
  return [
    { name: 'empty', does: 'an empty process', code: '', folder: project, options: [] },
    { name: 'built', does: 'the package', code, folder: project, options: [] },
    { name: 'source', does: 'the sources', code, folder: root, options: ['--conditions=waybill-source'] },
  ];
}

/** Puts into a project what its users' root import loads, compiled as the package is. */
async function installPackage(project: string): Promise<void> {
  const installed = join(project, 'node_modules', 'waybill');
  mkdirSync(installed, { recursive: true });
  const { name, version, type, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(installed, 'package.json'), JSON.stringify({ name, version, type, exports }));
  const config = join(project, 'tsconfig.json');
  const compilerOptions = { rootDir: root, outDir: join(installed, 'dist') };
  const files = [join(root, 'lib', 'public', 'index.ts')];
  writeFileSync(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.build.json'), compilerOptions, files, include: [] }),
  );
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '--project', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  await joinContract(join(compilerOptions.outDir, 'lib'));
}

/** The first round fills the caches of the disk, and is not counted. */
function measure(programs: readonly Program[]): ReadonlyMap<Program, Start> {
  const starts = new Map(programs.map((program) => [program, [] as Start[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const [program, all] of starts) {
      const start = startOf(program);
      if (round > 0) all.push(start);
    }
  }
  return new Map(
    [...starts].map(([program, all]) => [
      program,
      { elapsed: median(all.map(({ elapsed }) => elapsed)), cpu: median(all.map(({ cpu }) => cpu)) },
    ]),
  );
}

function startOf({ code, folder, options }: Program): Start {
  const telling = `${code}
    const elapsed = performance.now();
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ elapsed, cpu: (user + system) / 1000 }));`;
  const parameters = [...options, '--input-type=module', '--eval', telling];
  // Nothing of the environment: no NODE_OPTIONS, no compile cache.
  return JSON.parse(execFileSync(process.execPath, parameters, { cwd: folder, env: {}, encoding: 'utf8' }));
}

function report(medians: ReadonlyMap<Program, Start>): void {
  const empty = [...medians].find(([{ name }]) => name === 'empty')?.[1] ?? { elapsed: 0, cpu: 0 };
  const results = [...medians].map(([{ name, does }, start]) => ({
    ...{ name, does, ...start },
    beyondEmpty: { elapsed: start.elapsed - empty.elapsed, cpu: start.cpu - empty.cpu },
  }));
  const taken = results.find(({ name }) => name === 'built')?.beyondEmpty.elapsed ?? Number.NaN;
  const mark = { milliseconds: MARK, taken, reached: taken <= MARK };
  const machine = thisMachine();
  if (values.json) {
    console.log(JSON.stringify({ machine, rounds, mark, results }));
    return;
  }
  console.log(
    `Milliseconds from a process's start until \`import 'waybill'\` is done, medians of ${rounds} fresh processes.`,
  );
  console.log(`${describeMachine(machine)}\n`);
  console.log(
    table(
      ['import from', 'elapsed', 'beyond empty', 'CPU', 'beyond empty'],
      results.map(({ does, elapsed, cpu, beyondEmpty }) => [
        does,
        ...[elapsed, beyondEmpty.elapsed, cpu, beyondEmpty.cpu].map(figure),
      ]),
    ),
  );
  console.log(
    `\nMark: the package in at most ${MARK} ms beyond an empty process: ${mark.reached ? 'reached' : 'MISSED'} (${figure(taken)}).`,
  );
}
