import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LONGEST } from '../../scripts/longest-first.mjs';

test('each file that is started first is there', () => {
  const root = new URL('../../', import.meta.url);
  expect(LONGEST.filter((file) => !existsSync(fileURLToPath(new URL(file, root))))).toEqual([]);
});
