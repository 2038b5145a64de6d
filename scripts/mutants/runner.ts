import { join } from 'node:path';
import { configureGlobal } from 'fast-check';
import { TestRunner, vi } from 'vitest';
import { startTests } from 'vitest/internal/browser';
import { root } from '../setup/program.mjs';
import { Judge, type Result, type RunOptions } from './judge.ts';
import type { TestCost } from './orders.ts';
import { REACH, SWITCH } from './schemata.ts';
import { namesIn } from './test-files.ts';

/** What is drawn by a property is the same for each mutant. */
const PROPERTY_SEED = 1;
const shared = globalThis as { [SWITCH]?: number; [REACH]?: (mark: string) => void };

/** Judges all mutants in the one process in which vitest would run one test file. */
export default class Runner extends TestRunner {
  override async onAfterRunFiles(files: Parameters<TestRunner['onAfterRunFiles']>[0]): Promise<void> {
    super.onAfterRunFiles(files);
    configureGlobal({ seed: PROPERTY_SEED });
    const { config } = this;
    const { moduleRunner, _otel: traces } = this as unknown as Record<'moduleRunner' | '_otel', unknown>;
    await new Judge(async (testFile, options) => {
      const quiet = new QuietRunner(config, isRun(testFile, options));
      Object.assign(quiet, { moduleRunner, _otel: traces });
      return await runFile(quiet, testFile, options);
    }).run();
  }
}

/** Whether a test is run, by its name. */
function isRun(testFile: string, { only }: RunOptions): (name: string) => boolean {
  const names = namesIn(testFile);
  return (name) => (only ? only.has(name) : !names || names.test(name));
}

async function runFile(runner: QuietRunner, testFile: string, { number = 0, anew }: RunOptions): Promise<Result> {
  if (anew) vi.resetModules();
  shared[SWITCH] = number;
  shared[REACH] = (mark) => runner.note(mark);
  const note = () => runner.fail('an unhandled error');
  process.on('unhandledRejection', note).on('uncaughtException', note);
  try {
    const [file] = await startTests([join(root, testFile)], runner as never);
    if (file?.result?.state === 'fail') runner.fail('the file');
  } catch (error) {
    runner.fail(String(error));
  } finally {
    shared[SWITCH] = 0;
    delete shared[REACH];
    process.off('unhandledRejection', note).off('uncaughtException', note);
    vi.resetConfig();
    vi.restoreAllMocks();
    vi.useRealTimers();
  }
  const { failed, tests, marks } = runner;
  return { ...(failed !== undefined && { failed }), tests, marks };
}

interface Task {
  readonly name: string;
  readonly suite?: Task;
  mode: string;
  readonly result?: { readonly state: string };
}

/** Tells nobody of tests, and skips what comes after the first that fails. */
class QuietRunner extends TestRunner {
  failed: string | undefined;
  readonly tests: TestCost[] = [];
  /** What is reached, and by which of the tests: by none, where it is between them. */
  readonly marks = new Map<string, Set<string>>();
  readonly #isRun: (name: string) => boolean;
  readonly #running = new Map<string, NodeJS.CpuUsage>();

  constructor(config: ConstructorParameters<typeof TestRunner>[0], isRun: (name: string) => boolean) {
    super(config);
    this.#isRun = isRun;
  }

  note(mark: string): void {
    const known = this.marks.get(mark);
    // What all tests reach is reached by each of them.
    if (known?.size === 0) return;
    if (this.#running.size === 0) this.marks.set(mark, new Set());
    else this.marks.set(mark, (known ?? new Set()).union(new Set(this.#running.keys())));
  }

  fail(reason: string): void {
    this.failed ??= reason;
    this.cancel('test-failure');
  }

  override async onBeforeRunTask(test: never): Promise<void> {
    const task: Task = test;
    const name = nameOf(task);
    if (this.#isRun(name)) this.#running.set(name, process.cpuUsage());
    else task.mode = 'skip';
    await super.onBeforeRunTask(test);
  }

  override onAfterRunTask(test: never): void {
    const task: Task = test;
    const name = nameOf(task);
    const { user, system } = process.cpuUsage(this.#running.get(name));
    if (this.#running.delete(name)) this.tests.push({ name, milliseconds: Math.round((user + system) / 1000) });
    if (task.result?.state === 'fail') this.fail(name);
    super.onAfterRunTask(test);
  }
}

/** A test's name, after those of the suites around it. */
function nameOf({ name, suite }: Task): string {
  const around = suite ? nameOf(suite) : '';
  return around ? `${around} > ${name}` : name;
}
