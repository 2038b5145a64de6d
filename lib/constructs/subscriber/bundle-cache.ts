import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, parse, relative, resolve } from 'node:path';
import type { BuildOptions, OutputFile } from 'esbuild';
import type { HandlerMetadata } from '../../contract/handler-metadata.ts';

/** What a bundle was made of. */
interface BundleRecord {
  /** Of this package and of esbuild. */
  readonly versions: string;
  /** Digests of the files that it holds, and of those that say how they are read, by path from the project's root. */
  readonly files: Readonly<Record<string, string>>;
  /** Digests of the names of modules in the folders of the project's own files: a new one may be taken in place of another. */
  readonly folders: Readonly<Record<string, string>>;
}

/** What esbuild reads beside what it bundles. */
const SETTINGS = ['package.json', 'tsconfig.json'];
/** What an import without an ending may mean. */
const MODULE = /\.(?:[cm]?[jt]sx?|json|css)$/;

/**
 * The folder that holds a handler's bundle and nothing else, made where there is none of the same content. Bundles are kept in the
 * project's `node_modules/.cache`, so that a synthesis bundles only what has changed.
 *
 * @param lockFile of the project
 * @returns undefined where the project has no `node_modules`, or what is bundled here fails: the CDK then bundles, and says why
 */
export function cachedBundle(handler: HandlerMetadata, lockFile: string | undefined): string | undefined {
  const { root, key, file } = handler;
  if (!existsSync(join(root, 'node_modules'))) return undefined;
  const cache = join(root, 'node_modules', '.cache', 'waybill', 'handlers', key);
  const code = join(cache, 'code', file);
  try {
    if (isFresh(root, join(cache, 'inputs.json'), code)) return dirname(code);
    const inputs = bundle(handler, code);
    replace(join(cache, 'inputs.json'), JSON.stringify(recordOf(root, inputs, lockFile)));
    return dirname(code);
  } catch {
    return undefined;
  }
}

function isFresh(root: string, recordFile: string, code: string): boolean {
  if (!existsSync(recordFile) || !existsSync(code)) return false;
  const { versions, files, folders } = JSON.parse(readFileSync(recordFile, 'utf8')) as BundleRecord;
  return (
    versions === ownVersions() &&
    Object.entries(folders).every(([path, digest]) => namesIn(join(root, path)) === digest) &&
    Object.entries(files).every(([path, digest]) => digestOf(join(root, path)) === digest)
  );
}

/** @returns the files that the bundle is made of, absolute */
function bundle({ entry, root, esbuild: options }: HandlerMetadata, code: string): string[] {
  const { buildSync, formatMessagesSync } = require('esbuild') as typeof import('esbuild');
  const result = buildSync({
    ...splitOptions(options as BuildOptions, basename(code)),
    entryPoints: [{ in: entry, out: parse(code).name }],
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'silent',
    outdir: dirname(code),
  });
  for (const line of formatMessagesSync(result.warnings, { kind: 'warning' })) process.stderr.write(line);
  replaceAll(code, withFooter(result.outputFiles ?? [], code, options as BuildOptions));
  // What is written into the bundle itself, as `<data:…>`, is no file.
  const inputs = Object.keys(result.metafile?.inputs ?? {}).filter((input) => !input.startsWith('<'));
  return inputs.map((input) => resolve(root, input));
}

/**
 * An ES module has what it imports when it first needs it in files of their own, which a cold start does not read: the clients of
 * S3, Kinesis and EventBridge Scheduler are a third of a handler's code.
 */
export function splitOptions({ footer, ...options }: BuildOptions, file: string): BuildOptions {
  const { ext } = parse(file);
  const isModule = options.format === 'esm';
  return {
    ...options,
    outExtension: { '.js': ext },
    ...(isModule ? { splitting: true, chunkNames: 'chunk-[hash]' } : { footer }),
  };
}

/** The outputs, the entry's last. Its footer waits for the others, so that none of them may have it. */
export function withFooter(
  outputs: readonly OutputFile[],
  code: string,
  { footer, format }: BuildOptions,
): { readonly path: string; readonly text: string }[] {
  const ending = format === 'esm' ? (footer?.js ?? '') : '';
  const all = outputs.map(({ path, text }) => ({ path, text: path === code ? `${text}${ending}\n` : text }));
  return all.sort((one, other) => Number(one.path === code) - Number(other.path === code));
}

function recordOf(root: string, inputs: readonly string[], lockFile: string | undefined): BundleRecord {
  const own = inputs.filter((path) => !path.includes('node_modules'));
  const folders = new Set(own.flatMap((path) => foldersAbove(root, path)));
  const settings = [...folders].flatMap((folder) => SETTINGS.map((name) => join(folder, name)));
  const files = [...inputs, ...settings.filter(existsSync), ...(lockFile ? [lockFile] : [])];
  const byPath = (paths: Iterable<string>, digest: (path: string) => string) =>
    Object.fromEntries([...paths].map((path) => [relative(root, path), digest(path)]));
  return { versions: ownVersions(), files: byPath(files, digestOf), folders: byPath(folders, namesIn) };
}

/** From the file's own to the root's, or to the file system's where the file lies elsewhere. */
function foldersAbove(root: string, file: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === root || folder === dirname(folder)) return folders;
  }
}

/** A file that is gone has another digest than any that is there. */
function digestOf(path: string): string {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('base64') : '';
}

function namesIn(folder: string): string {
  if (!existsSync(folder)) return '';
  const names = readdirSync(folder).filter((name) => MODULE.test(name));
  return createHash('sha256').update(names.sort().join('\n')).digest('base64');
}

function ownVersions(): string {
  const versionOf = (name: string) => (require(`${name}/package.json`) as { readonly version: string }).version;
  return `${versionOf('waybill')} ${versionOf('esbuild')}`;
}

/** The bundle's files in place of those that lie there. What nobody imports any more goes last. */
function replaceAll(code: string, files: readonly { readonly path: string; readonly text: string }[]): void {
  for (const { path, text } of files) replace(path, text);
  const kept = new Set(files.map(({ path }) => path));
  for (const name of readdirSync(dirname(code))) {
    if (!kept.has(join(dirname(code), name))) rmSync(join(dirname(code), name));
  }
}

/** Whoever reads the file meanwhile finds it whole. */
function replace(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = join(dirname(dirname(file)), `.unfinished-${process.pid}`);
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}

const require = createRequire(import.meta.url);
