import { hash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/program.mjs';
import type { Orders } from './orders.ts';

/**
 * What reads the code from the disk, deploys it or starts programs of it does not see a mutant. Examples and the command line see
 * what the rooms of tests see, and take long for it.
 */
const BLIND =
  /^test\/(?:browser|bundle|local|localstack|conformance|bench|certificate|engine|examples|cli|demo|package|planted-bugs|repository|templates)\/|\.engine\.test\.ts$/;
/** Rooms whose own folder of tests is thin, since it is by others that they are seen. */
const SEEN_BY: Readonly<Record<string, readonly string[]>> = {
  ledger: ['half', 'publish', 'cancel', 'consume', 'relay', 'transaction'],
  inspect: ['reconcile', 'trace'],
  contract: ['message'],
};
/** Of a file, the tests that are run; all, where nothing is said. The others of the corpus plant bugs of their own. */
const NAMES: Readonly<Record<string, RegExp>> = { 'test/corpus/corpus.test.ts': /fails the plan that once found/ };

/** The test files that may notice a mutant, by their paths in the repository. */
export function testFiles(): string[] {
  const files = globSync('test/**/*.test.ts', { cwd: root }).sort();
  return files.filter((file) => !BLIND.test(file) && /lib\/|waybill/.test(readFileSync(join(root, file), 'utf8')));
}

/** Which tests of a file are run. */
export function namesIn(testFile: string): RegExp | undefined {
  return NAMES[testFile];
}

/** How much sooner a test file notices what is wrong in a file than any: in the folder that mirrors its own, in one by which that is seen, elsewhere. */
export function closeness(testFile: string, file: string): number {
  const room = file.split('/')[1] ?? '';
  if (testFile.startsWith(`test/${room}/`)) return 24;
  return SEEN_BY[room]?.some((one) => testFile.startsWith(`test/${one}/`)) ? 8 : 1;
}

/** Tells one text of files from another. */
export function versionOf(files: readonly string[]): string {
  const texts = files.map((file) => `${file}\0${readFileSync(join(root, file), 'utf8')}`);
  return hash('sha256', texts.join('\0')).slice(0, 16);
}

/** All of the framework. */
export function libraryFiles(): string[] {
  return globSync('lib/**/*.ts', { cwd: root }).sort();
}

/** Everything that a verdict may rest on. */
export function allFiles(): string[] {
  return globSync('{lib,test,examples,scripts/certify}/**/*.ts', { cwd: root }).sort();
}

/** Of what survives: everything that it may rest on, and how much of it was run. */
export function versionOfSurvival({ quick, seconds }: Pick<Orders, 'quick' | 'seconds'>): string {
  return `${versionOf(allFiles())}-${quick ? 'quick-' : ''}${seconds}`;
}
