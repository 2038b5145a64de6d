import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a bundle weighs, in bytes of minified code, and by whom. */
export interface BundleWeight {
  /** What is read when it is loaded: its file, and those that it imports at once. */
  readonly total: number;
  /** Waybill's own part: what came from `lib/`. */
  readonly own: number;
  /** Bytes by the file or package that they came from, heaviest first. */
  readonly parts: readonly { readonly from: string; readonly bytes: number }[];
  /** Packages that the bundle imports instead of containing. */
  readonly imports: readonly string[];
}

/**
 * Bundles a module as `ConsumerFunction` does, into what is loaded at once and what later, but for the AWS SDK, which is left out: it weighs the same in every
 * function that speaks to AWS.
 *
 * @param entry a file of this repository, or the text of a module that lies at its root
 */
export async function measureBundle(
  entry: { readonly file: string } | { readonly text: string },
): Promise<BundleWeight> {
  const result = await build({
    absWorkingDir: root,
    ...('file' in entry
      ? { entryPoints: [entry.file] }
      : { stdin: { contents: entry.text, resolveDir: root, sourcefile: 'entry.ts', loader: 'ts' } }),
    bundle: true,
    write: false,
    outdir: 'out',
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    conditions: ['waybill-source', 'module'],
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    external: ['@aws-sdk/*'],
    metafile: true,
    logLevel: 'silent',
  });
  const outputs = Object.entries(result.metafile.outputs);
  const [own] = outputs.filter(([, { entryPoint }]) => entryPoint === ('file' in entry ? entry.file : 'entry.ts'));
  const loaded = own ? [own] : [];
  // What is imported at once is loaded at once. The list grows while it is walked.
  for (const [, { imports }] of loaded) {
    const at = new Set(imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path));
    loaded.push(...outputs.filter((output) => at.has(output[0]) && !loaded.includes(output)));
  }
  const inputs = loaded.flatMap(([, output]) => Object.entries(output.inputs));
  const parts = inputs.map(([from, { bytesInOutput: bytes }]) => ({ from, bytes }));
  return {
    total: sum(loaded.map(([, output]) => output)),
    own: sum(parts.filter(({ from }) => from.startsWith('lib/'))),
    parts: [...Map.groupBy(parts, originOf)]
      .map(([from, some]) => ({ from, bytes: sum(some) }))
      .sort((one, other) => other.bytes - one.bytes),
    imports: loaded.flatMap(([, output]) => output.imports.filter(({ external }) => external).map(({ path }) => path)),
  };
}

const sum = (some: readonly { readonly bytes: number }[]) => some.reduce((total, { bytes }) => total + bytes, 0);

function originOf({ from }: BundleWeight['parts'][number]): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(from)?.[1] ?? from;
}
