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
  VERDICTS,
  write,
} from './orders.ts';
import { allFiles, libraryFiles, mirrors, testFiles, versionOf } from './test-files.ts';

/** How long a test file is believed to take that has not run yet. */
const UNKNOWN_MS = 5_000;
/** A test file that takes so much longer than without the mistake runs in a circle. */
const TIMES_LONGER = 15;
const LEAST_LIMIT_MS = 30_000;
const LEARNING_LIMIT_MS = 400_000;
/** Files that are loaded again and again are never forgotten: with more than this, the process is left for a new one. */
const MOST_MEMORY = 2 * 1024 ** 3;

export interface RunOptions {
  /** The mistake that is on. */
  readonly number?: number;
  /** Whether everything of this repository is loaded anew. */
  readonly anew?: boolean;
  /** The one test that is run, by its full name. */
  readonly only?: RegExp;
}

export interface Result {
  /** The first test that failed, or why none ran. */
  readonly failed?: string;
  /** The functions that were reached. */
  readonly marks: ReadonlySet<string>;
}

/** Judges mutants by the test files that reach them, the cheapest first. What it learns is noted, so that it may be ended at any time. */
export class Judge {
  readonly #run: (testFile: string, options: RunOptions) => Promise<Result>;
  readonly #orders: Orders = read<Orders>(ORDERS) ?? { mutants: [], quick: false, seconds: 0 };
  readonly #files = testFiles();
  readonly #library = versionOf(libraryFiles());
  readonly #everything = versionOf(allFiles());
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
      note(VERDICTS, { id: order.id, ...(killedBy && { killedBy }), of: by ? versionOf([by]) : this.#everything });
      write(ATTEMPT, {});
      if (process.memoryUsage().rss > MOST_MEMORY) return;
    }
  }

  async #judge(order: Order): Promise<string | undefined> {
    let anew = true;
    let left = this.#orders.seconds * 1000;
    for (const testFile of this.#inOrder(order)) {
      const { marks, unsound, milliseconds } = this.#reached.get(testFile) ?? (await this.#learn(testFile));
      if (unsound !== undefined || !marks.includes(order.mark)) continue;
      left -= milliseconds;
      if (left < 0) return undefined;
      const { failed } = await this.#attempt(
        testFile,
        { number: order.number, anew: anew || order.isOfLoading },
        order.id,
      );
      anew = false;
      if (failed !== undefined && (await this.#isByTheMistake(testFile, failed, order.isOfLoading))) {
        this.#killers.set(order.file, (this.#killers.get(order.file) ?? new Set()).add(testFile));
        return `${testFile} > ${failed}`;
      }
    }
    return undefined;
  }

  /** Whether what failed passes without the mistake, where all else has been the same. */
  async #isByTheMistake(testFile: string, failed: string, anew: boolean): Promise<boolean> {
    const only = new RegExp(`^${RegExp.escape(failed)}$`);
    const alone = await this.#attempt(testFile, { only, anew });
    if (alone.failed === undefined) return true;
    return (await this.#attempt(testFile, { anew: true })).failed === undefined;
  }

  /** Test files that may reach a mutant: those close by first, and those that have killed in the same file. */
  #inOrder({ file, mark }: Order): string[] {
    const may = this.#files.filter((one) => {
      const known = this.#reached.get(one);
      return (!known || known.marks.includes(mark)) && (!this.#orders.quick || mirrors(one, file));
    });
    const costs = new Map(
      may.map((one) => {
        const milliseconds = this.#reached.get(one)?.milliseconds ?? UNKNOWN_MS;
        const hope = (mirrors(one, file) ? 8 : 1) * (this.#killers.get(file)?.has(one) ? 4 : 1);
        return [one, milliseconds / hope];
      }),
    );
    return may.sort((one, other) => (costs.get(one) ?? 0) - (costs.get(other) ?? 0));
  }

  async #learn(testFile: string): Promise<Reached> {
    const before = process.cpuUsage();
    const { failed, marks } = await this.#attempt(testFile, { anew: true });
    const unsound = failed === undefined ? {} : { unsound: failed };
    const { user, system } = process.cpuUsage(before);
    const milliseconds = Math.round((user + system) / 1000);
    const reached = { testFile, of: this.#versionOf(testFile), milliseconds, marks: [...marks], ...unsound };
    this.#reached.set(testFile, reached);
    note(REACHED, reached);
    return reached;
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
