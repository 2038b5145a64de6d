import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/program.mjs';
import type { Repository } from './site-pages.ts';

/** What is in this repository, or would be with the next commit. */
export function thisRepository(): Repository {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return {
    files: listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path))),
    read: (path) => readFileSync(join(root, path), 'utf8'),
  };
}
