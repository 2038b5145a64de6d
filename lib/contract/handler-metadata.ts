/**
 * How a handler was bundled, for whom exchanges its code while it is being developed. Constructs write it into templates when
 * the context names a folder of bundles, and never otherwise.
 */
export interface HandlerMetadata {
  /** The file that exports the handler, absolute. */
  readonly entry: string;
  /** The folder from which it is bundled, absolute. */
  readonly root: string;
  /** `index.mjs` or `index.js`. */
  readonly file: string;
  /** Options of esbuild beside those that every handler has. */
  readonly esbuild: Readonly<Record<string, unknown>>;
  /** Names the bundle: the same for the same entry and options. */
  readonly key: string;
}

/** The metadata of a function's resource in a template. */
export const HANDLER_METADATA = 'waybill:handler';

/** The context value that names a folder of bundles: a handler whose bundle is there is not bundled by synthesis. */
export const BUNDLES_CONTEXT = 'waybill:bundles';

/** Where the bundle of a handler lies in a folder of bundles. */
export function bundleFile(folder: string, { key, file }: Pick<HandlerMetadata, 'key' | 'file'>): string {
  return `${folder}/${key}/${file}`;
}
