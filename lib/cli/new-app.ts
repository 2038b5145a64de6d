import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who installs an application's packages. */
export type Manager = 'npm' | 'pnpm' | 'yarn';

/** An application that is to be made. */
export interface NewApp {
  readonly name: string;
  readonly manager: Manager;
  /** Whether it is CommonJS. */
  readonly cjs: boolean;
  /** Whether jest tests it; then it is CommonJS. */
  readonly jest: boolean;
}

interface Manifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** What jest and CommonJS need beside what Waybill itself is built with. ts-jest knows no TypeScript that is newer. */
const VERSIONS = {
  jest: '^30.0.0',
  'ts-jest': '^29.4.0',
  '@types/jest': '^30.0.0',
  tsx: '^4.20.0',
  typescript5: '~5.9.3',
};
/** The Node that runs TypeScript as it is written. */
const NODE = { esm: '>=22.18', cjs: '>=22.12' };

/**
 * The files of an application, by their paths in its folder.
 *
 * @param templates the folder of the templates, in the package
 * @param waybill the version of Waybill that it depends on. @default the one that makes it
 */
export function newApp(templates: string, app: NewApp, waybill?: string): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(join(templates, '..', '..', 'package.json'), 'utf8')) as Manifest;
  const files = filesIn(templates).map((path) => {
    const text = readFileSync(join(templates, path), 'utf8');
    return [path === 'gitignore' ? '.gitignore' : path, adapted(path.replaceAll('\\', '/'), text, app)] as const;
  });
  return {
    'package.json': json(packageOf(app, manifest, waybill ?? `^${manifest.version}`)),
    ...Object.fromEntries(files),
    ...(app.jest && { 'jest.config.js': JEST_CONFIG }),
    ...(app.manager === 'yarn' && { '.yarnrc.yml': 'nodeLinker: node-modules\n', 'yarn.lock': '' }),
    ...(app.manager === 'pnpm' && { 'pnpm-workspace.yaml': 'onlyBuiltDependencies:\n  - esbuild\n' }),
  };
}

const JEST_CONFIG = `module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\\\.tsx?$': 'ts-jest',
  },
};
`;

function packageOf({ name, cjs, jest, manager }: NewApp, manifest: Manifest, waybill: string): object {
  const { devDependencies, peerDependencies } = manifest;
  const own = { ...devDependencies, ...peerDependencies };
  const pick = (...names: string[]) => Object.fromEntries(names.map((each) => [each, own[each] ?? '*']));
  const test = jest ? 'jest' : 'vitest run';
  const development = {
    ...pick('@types/node', 'aws-cdk', 'aws-cdk-lib', 'constructs', 'fast-check'),
    ...(cjs && { tsx: VERSIONS.tsx }),
    ...(jest
      ? { '@types/jest': VERSIONS['@types/jest'], jest: VERSIONS.jest, 'ts-jest': VERSIONS['ts-jest'] }
      : pick('vitest')),
    ...(jest ? { typescript: VERSIONS.typescript5 } : pick('typescript')),
  };
  return {
    name,
    version: '0.1.0',
    private: true,
    ...(!cjs && { type: 'module' }),
    engines: { node: cjs ? NODE.cjs : NODE.esm },
    scripts: {
      test,
      check: 'tsc --noEmit',
      dev: 'waybill dev',
      deploy: 'waybill deploy',
      waybill: 'waybill',
      cdk: 'cdk',
    },
    dependencies: { waybill, zod: own.zod },
    devDependencies: Object.fromEntries(Object.entries(development).sort(([one], [other]) => (one < other ? -1 : 1))),
    // The CDK brings it along, but Yarn would ask the registry for it.
    ...(manager === 'yarn' && { resolutions: { '@aws/cloudformation-validate': '*' } }),
  };
}

/** A file of the templates, which are ES modules that vitest tests, for another kind of application. */
function adapted(path: string, text: string, app: NewApp): string {
  const { name, manager, cjs, jest } = app;
  const run = manager === 'npm' ? 'npm run' : manager;
  if (path === 'README.md') return text.replaceAll('{{name}}', name).replaceAll('{{run}}', run);
  if (!cjs) return text;
  if (path === 'cdk.json') return text.replace('node src/app.ts', 'npx tsx src/app.ts');
  if (path === 'tsconfig.json') {
    const settings = JSON.parse(text) as { compilerOptions: Record<string, unknown> };
    const {
      erasableSyntaxOnly: _,
      verbatimModuleSyntax: __,
      allowImportingTsExtensions: ___,
      ...kept
    } = settings.compilerOptions;
    const types = jest ? ['node', 'jest'] : ['node'];
    const target = { target: 'es2023', lib: ['es2023', 'esnext.disposable'] };
    return json({ ...settings, compilerOptions: { ...kept, ...target, types, isolatedModules: true } });
  }
  const required = text
    .replaceAll(/(from '\.[^']*)\.ts'/g, "$1'")
    .replace(/new URL\(`\.\/(functions\/[^`]*)`, import\.meta\.url\)/, '`$${__dirname}/$1`');
  return jest ? required.replace("import { expect, test } from 'vitest';\n", '') : required;
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return files.map((file) => file.slice(folder.length + 1)).sort();
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
