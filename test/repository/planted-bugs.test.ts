import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../scripts/setup/program.mjs';
import { bugs } from '../planted-bugs/index.ts';

/** The corpus says so too, but a minute later, and of one bug after the other. */
it.each(bugs)('the places of the planted bug “$name” stand once in lib', ({ edits }) => {
  for (const { file, find } of edits) {
    const times = readFileSync(join(root, 'lib', file), 'utf8').split(find).length - 1;
    expect.soft(`${file}: ${times} of ${find}`).toBe(`${file}: 1 of ${find}`);
  }
});
