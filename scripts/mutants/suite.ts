import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/program.mjs';
import {
  ATTEMPT,
  type Attempt,
  note,
  notesOf,
  ORDERS,
  type Order,
  type Orders,
  REACHED,
  read,
  SCHEMATA,
  VERDICTS,
  type Verdict,
  write,
} from './orders.ts';
import type { Mutant, Sources } from './sources.ts';
import { allFiles, libraryFiles, versionOf, versionOfSurvival } from './test-files.ts';

const LOOK_MS = 500;
/** Within which the process is at its first test file. */
const START_MS = 300_000;
/** A process that ends so often without a verdict is broken. */
const MOST_STARTS = 3;

/** The tests, in a process that has all mutants loaded at once and stays from one to the next. */
export class Suite {
  readonly #sources: Sources;
  readonly #limits: Pick<Orders, 'quick' | 'seconds'>;
  #orders: Order[] = [];
  #child: ChildProcess | undefined;

  /** @param limits how much is run of each mutant */
  constructor(sources: Sources, limits: Pick<Orders, 'quick' | 'seconds'>) {
    this.#sources = sources;
    this.#limits = limits;
    process.once('exit', () => this.close());
  }

  /**
   * What the tests say of mutants, in any order. What earlier runs have told of the same code and tests is taken from them.
   *
   * @throws Error where the tests do not start
   */
  async *judge(mutants: readonly Mutant[]): AsyncGenerator<readonly [Mutant, Verdict]> {
    const left = new Map(mutants.map((mutant) => [mutant.id, mutant]));
    for (const verdict of await this.#known()) {
      const mutant = left.get(verdict.id);
      if (!mutant) continue;
      left.delete(verdict.id);
      yield [mutant, verdict];
    }
    if (left.size > 0) this.#order([...left.values()]);
    for (let starts = 0, seen = notesOf(VERDICTS).length; left.size > 0; starts++) {
      if (starts >= MOST_STARTS) throw new Error('The tests do not judge: run them with `npm test`');
      const orders = this.#orders.filter(({ id }) => left.has(id));
      write(ORDERS, { mutants: orders, ...this.#limits });
      for await (const _ of this.#running()) {
        const verdicts = notesOf<Verdict>(VERDICTS);
        for (const verdict of verdicts.slice(seen)) {
          const mutant = left.get(verdict.id);
          left.delete(verdict.id);
          starts = -1;
          if (mutant) yield [mutant, verdict];
        }
        seen = verdicts.length;
      }
    }
  }

  close(): void {
    const { pid } = this.#child ?? {};
    this.#child = undefined;
    if (pid === undefined) return;
    try {
      // Its workers too: one of them may run in a circle, and hear nothing.
      process.kill(-pid, 'SIGKILL');
    } catch {
      // They have ended.
    }
  }

  #order(mutants: readonly Mutant[]): void {
    const numbered = new Map(mutants.map((mutant, index) => [index + 1, mutant]));
    this.#orders = [...numbered].map(([number, mutant]) => {
      const { id, file } = mutant;
      return { number, id, file, ...this.#sources.reachOf(mutant) };
    });
    rmSync(SCHEMATA, { recursive: true, force: true });
    for (const [file, source] of this.#sources.schemata(numbered)) write(join(SCHEMATA, file), source);
  }

  /** Verdicts that still hold: no test has changed that killed, and nothing at all where none did. */
  async #known(): Promise<Verdict[]> {
    const survival = versionOfSurvival(this.#limits);
    const told = new Map(notesOf<Verdict>(VERDICTS).map((verdict) => [verdict.id, verdict]));
    return [...told.values()].filter(({ killedBy, of }) => {
      if (killedBy === undefined) return of === survival;
      const by = killedBy.split(' > ')[0] ?? '';
      return allFiles().includes(by) && of === versionOf([by]);
    });
  }

  /** Starts the process, and comes back again and again until it has ended. One that is stuck is ended, which kills its mutant. */
  async *#running(): AsyncGenerator<void> {
    write(ATTEMPT, { testFile: '', sinceMs: Date.now(), limitMs: START_MS });
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const args = ['--conditions=waybill-source', vitest, 'run', '--config', 'scripts/mutants/vitest.config.ts'];
    const child = spawn(process.execPath, args, { cwd: root, detached: true, stdio: ['ignore', 'ignore', 'inherit'] });
    this.#child = child;
    const ended = once(child, 'exit').then(() => true);
    let isOver = false;
    while (!isOver) {
      isOver = await Promise.race([ended, sleep(LOOK_MS).then(() => false)]);
      const attempt = read<Partial<Attempt>>(ATTEMPT) ?? {};
      const isStuck = Date.now() > (attempt.sinceMs ?? Date.now()) + (attempt.limitMs ?? 0);
      if (isOver || isStuck) settle(attempt, isOver ? 'the process ended' : 'it does not end');
      if (isStuck) this.close();
      isOver ||= isStuck;
      yield;
    }
    this.#child = undefined;
  }
}

/** What ended the process, or would not end in it, is told of whatever it was at. */
function settle({ id, testFile = '' }: Partial<Attempt>, what: string): void {
  if (!testFile) return;
  const text = versionOf([testFile]);
  if (id) note(VERDICTS, { id, killedBy: `${testFile} > ${what}`, of: text });
  else
    note(REACHED, {
      testFile,
      of: `${versionOf(libraryFiles())}-${text}`,
      milliseconds: 0,
      tests: [],
      marks: {},
      unsound: what,
    });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
