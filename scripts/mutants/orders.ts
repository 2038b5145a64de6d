import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../setup/program.mjs';

/** Where everything that a run makes lies. What it has learned serves the next run, too. */
const FOLDER = join(root, '.waybill/mutants');
/** The framework's files as they are loaded to judge mutants. */
export const SCHEMATA = join(FOLDER, 'schemata');
/** The mutants that are to be judged. */
export const ORDERS = join(FOLDER, 'orders.json');
/** What the process that judges is at: `Attempt`. */
export const ATTEMPT = join(FOLDER, 'attempt.json');
/** What has been judged, a `Verdict` a line. */
export const VERDICTS = join(FOLDER, 'verdicts.jsonl');
/** What types have said, a `Refusal` a line. */
export const REFUSALS = join(FOLDER, 'refusals.jsonl');
/** What test files reach and how long they take, a `Reached` a line, of which the last of a file holds. */
export const REACHED = join(FOLDER, 'reached.jsonl');

export interface Order {
  readonly number: number;
  readonly id: string;
  readonly file: string;
  /** The function that a test must reach. */
  readonly mark: string;
  /** Whether it takes effect only as its file is loaded. */
  readonly isOfLoading: boolean;
}

export interface Orders {
  readonly mutants: readonly Order[];
  /** Whether only the folder that mirrors a file's own is run. */
  readonly quick: boolean;
  /** How much of the processor the tests of one mutant may take, in seconds: what it survives in them, it has survived. */
  readonly seconds: number;
}

/** One test file that is run, on a mutant or, where there is no number, on the code as it is. */
export interface Attempt {
  readonly id?: string;
  readonly testFile: string;
  readonly sinceMs: number;
  readonly limitMs: number;
}

export interface Verdict {
  readonly id: string;
  /** The first test that failed; none where it survived. */
  readonly killedBy?: string;
  /** What the verdict rests on: the text of the test that killed, or of everything. */
  readonly of: string;
}

/** Whether types refuse a mutant. */
export interface Refusal {
  readonly id: string;
  readonly refused: boolean;
}

/** One test of a file. */
export interface TestCost {
  readonly name: string;
  /** Of the processor. */
  readonly milliseconds: number;
}

export interface Reached {
  readonly testFile: string;
  /** Of its text, and of the framework's. */
  readonly of: string;
  /** Of the processor. */
  readonly milliseconds: number;
  readonly tests: readonly TestCost[];
  /** The functions that it reaches, by their marks, and the places in `tests` of those that do: of all, where there is none. */
  readonly marks: Readonly<Record<string, readonly number[]>>;
  /** Why it kills nothing: it fails where there is no mistake. */
  readonly unsound?: string;
}

export function write(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, typeof value === 'string' ? value : JSON.stringify(value));
  renameSync(`${path}.new`, path);
}

export function note(path: string, value: Verdict | Reached | Refusal): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(value)}\n`);
}

export function read<Value>(path: string): Value | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Value) : undefined;
}

/** What was noted; a line that was cut off as the process ended is left out. */
export function notesOf<Value>(path: string): Value[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Value);
}
