import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../setup/program.mjs';
import {
  ATTEMPT,
  note,
  notesOf,
  ORDERS,
  type Order,
  type Orders,
  REACHED,
  type Reached,
  read,
  type TestCost,
  VERDICTS,
  write,
} from './orders.ts';
import { closeness, libraryFiles, testFiles, versionOf, versionOfSurvival } from './test-files.ts';

/** How many bytes of a test file that has not run yet are believed to take a millisecond. */
const BYTES_A_MS = 2;
/** A test file that takes so much longer than without the mistake runs in a circle. */
const TIMES_LONGER = 15;
/** On a machine that does much else, too. */
const LEAST_LIMIT_MS = 400_000;
const LEARNING_LIMIT_MS = 400_000;
/** What it costs to run but one test of a file, beside the test. */
const LEAST_COST_MS = 30;
/** Files that are loaded again and again are never forgotten: with more than this, the process is left for a new one. */
const MOST_MEMORY = 2 * 1024 ** 3;

export interface RunOptions {
  /** The mistake that is on. */
  readonly number?: number;
  /** Whether everything of this repository is loaded anew. */
  readonly anew?: boolean;
  /** The tests that are run, by their full names. @default all */
  readonly only?: ReadonlySet<string>;
}

export interface Result {
  /** The first test that failed, or why none ran. */
  readonly failed?: string;
  /** The tests that were run. */
  readonly tests: readonly TestCost[];
  /** The functions that were reached, and the names of the tests that did: none, where it was between them. */
  readonly marks: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Judges mutants by the test files that reach them, the cheapest first. What it learns is noted, so that it may be ended at any time. */
export class Judge {
  readonly #run: (testFile: string, options: RunOptions) => Promise<Result>;
  readonly #orders: Orders = read<Orders>(ORDERS) ?? { mutants: [], quick: false, seconds: 0 };
  readonly #files = testFiles();
  readonly #library = versionOf(libraryFiles());
  readonly #survival = versionOfSurvival(this.#orders);
  readonly #reached = new Map<string, Reached>();
  /** Test files by the sources in which they have killed. */
  readonly #killers = new Map<string, Set<string>>();

  constructor(run: (testFile: string, options: RunOptions) => Promise<Result>) {
    this.#run = run;
    for (const one of notesOf<Reached>(REACHED)) {
      if (this.#files.includes(one.testFile) && one.of === this.#versionOf(one.testFile))
        this.#reached.set(one.testFile, one);
    }
  }

  async run(): Promise<void> {
    for (const order of this.#orders.mutants) {
      const killedBy = await this.#judge(order);
      const by = killedBy?.split(' > ')[0];
      note(VERDICTS, { id: order.id, ...(killedBy && { killedBy }), of: by ? versionOf([by]) : this.#survival });
      write(ATTEMPT, {});
      if (process.memoryUsage().rss > MOST_MEMORY) return;
    }
  }

  async #judge(order: Order): Promise<string | undefined> {
    let left = this.#orders.seconds * 1000;
    const tried = new Set<string>();
    for (let next = this.#next(order, tried, left); next; next = this.#next(order, tried, left)) {
      const { testFile, known } = next;
      if (!known) {
        await this.#learn(testFile);
        continue;
      }
      const { only, milliseconds } = reachOf(known, order);
      tried.add(testFile);
      left -= milliseconds;
      // What an earlier mistake has left behind fails without this one too, and is tried anew then.
      const by = await this.#noticed(testFile, order, { anew: order.isOfLoading, ...(only && { only }) });
      if (by === undefined) continue;
      this.#killers.set(order.file, (this.#killers.get(order.file) ?? new Set()).add(testFile));
      return `${testFile} > ${by}`;
    }
    return undefined;
  }

  /** The test that fails by a mistake alone; `undefined` where none does. */
  async #noticed(testFile: string, order: Order, options: RunOptions): Promise<string | undefined> {
    const { failed } = await this.#attempt(testFile, { ...options, number: order.number }, order.id);
    if (failed === undefined) return undefined;
    const alone = await this.#attempt(testFile, { only: new Set([failed]), anew: order.isOfLoading });
    if (alone.failed === undefined) return failed;
    if (!options.anew) return await this.#noticed(testFile, order, { ...options, anew: true });
    if ((await this.#attempt(testFile, { ...options, anew: true })).failed === undefined) return failed;
    // Some test rests on another of its file: all of them, then.
    return options.only ? await this.#noticed(testFile, order, { anew: true }) : undefined;
  }

  /** The test file that is most likely to notice a mutant for what it takes: those close by, and those that have killed in the same file. */
  #next(order: Order, tried: ReadonlySet<string>, left: number) {
    const { file, mark } = order;
    const may = this.#files.flatMap((testFile) => {
      const close = closeness(testFile, file);
      if (tried.has(testFile) || (this.#orders.quick && close === 1)) return [];
      const known = this.#reached.get(testFile);
      if (known && (known.unsound !== undefined || !(mark in known.marks))) return [];
      const milliseconds = known
        ? reachOf(known, order).milliseconds
        : statSync(join(root, testFile)).size / BYTES_A_MS;
      if (known && milliseconds > left) return [];
      const isNamesake = basename(testFile, '.test.ts') === basename(file, '.ts');
      const kills = this.#killers.get(file)?.has(testFile);
      const hope = close * (kills ? 4 : 1) * (isNamesake ? 4 : 1);
      return [{ testFile, known, cost: milliseconds / hope }];
    });
    return may.sort((one, other) => one.cost - other.cost)[0];
  }

  async #learn(testFile: string): Promise<void> {
    const before = process.cpuUsage();
    const { failed, tests, marks } = await this.#attempt(testFile, { anew: true });
    const unsound = failed === undefined ? {} : { unsound: failed };
    const { user, system } = process.cpuUsage(before);
    const milliseconds = Math.round((user + system) / 1000);
    const places = (names: ReadonlySet<string>) => tests.flatMap(({ name }, place) => (names.has(name) ? [place] : []));
    const reached: Reached = {
      testFile,
      of: this.#versionOf(testFile),
      milliseconds,
      tests,
      marks: Object.fromEntries([...marks].map(([mark, names]) => [mark, places(names)])),
      ...unsound,
    };
    this.#reached.set(testFile, reached);
    note(REACHED, reached);
  }

  async #attempt(testFile: string, options: RunOptions, id?: string): Promise<Result> {
    const known = this.#reached.get(testFile);
    const limitMs = known ? Math.max(LEAST_LIMIT_MS, known.milliseconds * TIMES_LONGER) : LEARNING_LIMIT_MS;
    write(ATTEMPT, { ...(id && { id }), testFile, sinceMs: Date.now(), limitMs });
    return await this.#run(testFile, options);
  }

  #versionOf(testFile: string): string {
    return `${this.#library}-${versionOf([testFile])}`;
  }
}

/** The tests of a file that reach a mutant, where it is not all of them, and what they take of the processor. */
function reachOf({ tests, milliseconds, marks }: Reached, { mark, isOfLoading }: Order) {
  const reaching = (marks[mark] ?? []).flatMap((place) => tests[place] ?? []);
  if (isOfLoading || reaching.length === 0) return { milliseconds };
  const sum = reaching.reduce((total, one) => total + one.milliseconds, LEAST_COST_MS);
  return { only: new Set(reaching.map(({ name }) => name)), milliseconds: sum };
}
