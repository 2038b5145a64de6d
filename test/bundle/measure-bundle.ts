import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a bundle weighs, in bytes of minified code, and by whom. */
export interface BundleWeight {
  /** The whole file. */
  readonly total: number;
  /** Waybill's own part: what came from `lib/`. */
  readonly own: number;
  /** Bytes by the file or package that they came from, heaviest first. */
  readonly parts: readonly { readonly from: string; readonly bytes: number }[];
  /** Packages that the bundle imports instead of containing. */
  readonly imports: readonly string[];
}

/**
 * Bundles a module as `ConsumerFunction` does, but for the AWS SDK, which is left out: it weighs the same in every
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
    outfile: 'index.mjs',
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
  const [output] = Object.values(result.metafile.outputs);
  if (!output) throw new Error('esbuild wrote no bundle');
  const inputs = Object.entries(output.inputs).map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }));
  return {
    total: output.bytes,
    own: inputs.filter(({ path }) => path.startsWith('lib/')).reduce((sum, { bytes }) => sum + bytes, 0),
    parts: byOrigin(inputs),
    imports: output.imports.filter(({ external }) => external).map(({ path }) => path),
  };
}

function byOrigin(inputs: readonly { readonly path: string; readonly bytes: number }[]): BundleWeight['parts'] {
  const sums = new Map<string, number>();
  for (const { path, bytes } of inputs) {
    const from = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? path;
    sums.set(from, (sums.get(from) ?? 0) + bytes);
  }
  return [...sums].map(([from, bytes]) => ({ from, bytes })).sort((one, other) => other.bytes - one.bytes);
}
