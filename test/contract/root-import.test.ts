import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Imports `waybill` by its name in a process of its own, and prints the URL of each module that this loads. */
const program = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({
    load(url, context, next) {
      loaded.push(url);
      return next(url, context);
    },
  });
  const waybill = await import('waybill');
  console.log(JSON.stringify({ loaded, names: Object.keys(waybill) }));
`;

async function importRoot(): Promise<{ loaded: string[]; names: string[] }> {
  const options = ['--conditions=waybill-source', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: root, env: {} });
  return JSON.parse(stdout);
}

test("import 'waybill' loads the contract alone: no package, no AWS SDK, no CDK, and nothing of ours that needs them", async () => {
  const { loaded, names } = await importRoot();

  const strangers = loaded.filter((url) => !/^node:|\/lib\/(?:contract|public)\/[\w-]+\.ts$/.test(url));
  expect(strangers).toEqual([]);
  expect(loaded.some((url) => url.endsWith('/lib/public/index.ts'))).toBe(true);
  expect(names).toContain('defineEvent');
}, 30_000);
