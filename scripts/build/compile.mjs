import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runProgram } from '../setup/program.mjs';
import { makeCommonJs } from './common-js.mjs';
import { joinContract } from './contract-file.mjs';

/** Compiles lib/ and bin/ to dist/, in the layout that package.json names, and makes CommonJS of the doors beside them. */
export async function compile() {
  for (const folder of ['lib', 'bin']) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  await runProgram(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.build.json'], {
    failed: 'The package could not be compiled: mend the errors above.',
  });
  await joinContract(join(root, 'dist', 'lib'));
  await makeCommonJs(join(root, 'dist'));
  // What browsers load is served as it was written.
  const browser = join('lib', 'radar', 'browser');
  cpSync(join(root, browser), join(root, 'dist', browser), {
    recursive: true,
    filter: (file) => !file.endsWith('tsconfig.json'),
  });
}
