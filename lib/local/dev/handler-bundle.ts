import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildContext, type BuildOptions, context, formatMessages } from 'esbuild';
import { bundleFile, type HandlerMetadata } from '../../contract/handler-metadata.ts';
import { DeployFailed } from '../errors.ts';

/** A handler's code, bundled as its construct does, again and again. */
export interface HandlerBundle {
  readonly handler: HandlerMetadata;
  /** The files that it was last made of. */
  readonly inputs: ReadonlySet<string>;
  /** The hash of its code. */
  readonly hash: string;
  /** The code. */
  readonly code: Uint8Array;
  /**
   * Bundles it anew: unchanged modules are not read again.
   * @throws DeployFailed with what esbuild says of the code. The bundle stays as it was.
   */
  rebuild(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Begins to bundle a handler. The code is also put where a synthesis looks for it, so that this bundles nothing that has
 * not changed.
 *
 * @param folder of bundles, see `bundleFile`
 */
export async function bundleHandler(handler: HandlerMetadata, folder: string): Promise<HandlerBundle> {
  const building = await context({
    ...(handler.esbuild as BuildOptions),
    entryPoints: [handler.entry],
    absWorkingDir: handler.root,
    bundle: true,
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'silent',
    outfile: 'index.mjs',
  });
  const bundle = { handler, inputs: new Set<string>(), hash: '', code: new Uint8Array() };
  return {
    get handler() {
      return bundle.handler;
    },
    get inputs() {
      return bundle.inputs;
    },
    get hash() {
      return bundle.hash;
    },
    get code() {
      return bundle.code;
    },
    async rebuild() {
      Object.assign(bundle, await built(building, handler));
      keep(bundle.code, bundleFile(folder, handler));
    },
    dispose: () => building.dispose(),
  };
}

async function built(building: BuildContext, { entry, root }: HandlerMetadata) {
  const result = await building.rebuild().catch(async ({ errors = [], message }) => {
    const said = (await formatMessages(errors, { kind: 'error' })).join('\n').trim();
    throw new DeployFailed(`${entry} could not be bundled:\n${said || message}`);
  });
  const code = result.outputFiles?.[0]?.contents ?? new Uint8Array();
  // What is written into the bundle itself, as `<data:…>`, is no file to watch.
  const files = Object.keys(result.metafile?.inputs ?? {}).filter((input) => !input.startsWith('<'));
  const inputs = new Set(files.map((input) => resolve(root, input)));
  return { code, inputs, hash: createHash('sha256').update(code).digest('hex') };
}

/** A synthesis that reads the file meanwhile finds it whole. */
function keep(code: Uint8Array, file: string): void {
  mkdirSync(join(file, '..'), { recursive: true });
  const unfinished = join(file, '..', '..', `.unfinished-${process.pid}`);
  writeFileSync(unfinished, code);
  renameSync(unfinished, file);
}
