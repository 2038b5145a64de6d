import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appInputs } from '../../../lib/local/dev/app-inputs.ts';
import { temporaryFolder } from '../fake-program.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const FILES = {
  'cdk.json': '{ "app": "npx node --conditions=a \\"src/app.ts\\"" }',
  'src/app.ts': "import { Shop } from './stack.ts';\nimport 'aws-cdk-lib';\nnew Shop();",
  'src/stack.ts': "import '../contract.ts';\nexport class Shop { entry = new URL('./handler.ts', import.meta.url); }",
  'src/handler.ts': 'export const handler = 1;',
  'contract.ts': 'export const A = 1;',
};

test('an app is what its program imports, without its packages and its handlers', async () => {
  const folder = folderWith(FILES);
  const inputs = ['cdk.json', 'contract.ts', 'src/app.ts', 'src/stack.ts'].map((name) => join(folder, name));
  expect([...(await appInputs(folder, undefined))].sort()).toEqual(inputs);
  expect([...(await appInputs(folder, 'node contract.ts'))].sort()).toEqual(inputs.slice(0, 2));
});

test('an app that does not parse, or that nobody knows, is what names it', async () => {
  const folder = folderWith({ ...FILES, 'src/app.ts': 'import { from' });
  expect([...(await appInputs(folder, undefined))].sort()).toEqual(
    ['cdk.json', 'src/app.ts'].map((name) => join(folder, name)),
  );
  expect([...(await appInputs(folder, './gradlew run'))]).toEqual([join(folder, 'cdk.json')]);
  expect([...(await appInputs(folderWith({}), undefined))]).toEqual([]);
});
