import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test("import 'waybill' means the sources in this repository", async () => {
  expect(existsSync(new URL('../../lib/public/index.ts', import.meta.url))).toBe(true);
  const byName = await import('waybill');
  const bySource = await import('../../lib/public/index.ts');

  expect(byName.defineEvent).toBe(bySource.defineEvent);
});

test("what Node itself resolves 'waybill' to is the source too", () => {
  expect(fileURLToPath(import.meta.resolve('waybill'))).toMatch(/[\\/]lib[\\/]public[\\/]index\.ts$/);
});
