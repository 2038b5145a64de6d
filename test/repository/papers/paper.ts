import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export { tableRows } from '../../../scripts/docs/table-rows.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What is in the repository, or would be with the next commit. */
export const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));

/** Those of the templates are about the applications that are made of them. */
export const papers = files.filter((path) => path.endsWith('.md') && !path.startsWith('templates/'));

export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The part of a paper under a heading, its subsections included. */
export function sectionOf(paper: string, heading: string): string {
  const lines = textOf(paper).split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`${paper} has no heading '${heading}'`);
  const level = heading.indexOf(' ');
  const end = lines.findIndex((line, index) => index > start && /^#+ /.test(line) && line.indexOf(' ') <= level);
  return lines.slice(start, end < 0 ? undefined : end).join('\n');
}

/** What a text says in code font. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** A text without its fenced blocks. */
export function proseOf(text: string): string {
  return text.replaceAll(/^```.*\n[\s\S]*?^```$/gm, '');
}
