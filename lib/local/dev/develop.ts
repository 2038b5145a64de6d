import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { BUNDLES_CONTEXT, type HandlerMetadata } from '../../contract/handler-metadata.ts';
import { type DeployOptions, deployApp, type StackOutputs } from '../deploy.ts';
import type { Engine } from '../engine.ts';
import { openable } from '../function-urls.ts';
import type { ExternalEngine } from '../target.ts';
import { appInputs } from './app-inputs.ts';
import { type DeployedHandler, deployedHandlers } from './deployed-handlers.ts';
import { CodeExchange } from './exchange.ts';
import { FileWatch } from './file-watch.ts';
import { bundleHandler, type HandlerBundle } from './handler-bundle.ts';

/** What happens while an app is being developed. */
export type DevEvent =
  /** The app was deployed. */
  | { readonly kind: 'deployed'; readonly outputs: StackOutputs; readonly milliseconds: number }
  /** Functions run other code. `milliseconds`: since the change was seen. */
  | { readonly kind: 'exchanged'; readonly entries: readonly string[]; readonly milliseconds: number }
  /** What has changed could not be deployed: what was there goes on. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Files of the app have changed, and it is deployed anew. */
  | { readonly kind: 'redeploying'; readonly files: readonly string[] };

export interface DevelopOptions extends Pick<DeployOptions, 'app' | 'context' | 'report' | 'detail' | 'stacks'> {
  readonly target: Engine | ExternalEngine;
  /** The app's folder. @default the working directory */
  readonly cwd?: string;
  readonly tell: (event: DevEvent) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Deploys an app to an engine, and keeps it as its files are: a handler that changes has its code exchanged, past
 * CloudFormation; any other file of the app has it deployed anew. Until the signal aborts.
 */
export async function develop(options: DevelopOptions): Promise<void> {
  const development = new Development(options);
  try {
    await development.run();
  } finally {
    await development.close();
  }
}

class Development {
  readonly #options: DevelopOptions;
  readonly #cwd: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'waybill-dev-'));
  readonly #watch = new FileWatch();
  readonly #exchange: CodeExchange;
  readonly #bundles = new Map<string, HandlerBundle>();
  #handlers: readonly DeployedHandler[] = [];
  #appFiles: ReadonlySet<string> = new Set();

  constructor(options: DevelopOptions) {
    this.#options = options;
    this.#cwd = options.cwd ?? process.cwd();
    this.#exchange = new CodeExchange(options.target);
  }

  async run(): Promise<void> {
    const { signal, tell } = this.#options;
    await this.#lookAtApp();
    await this.#attempt(() => this.#deploy());
    while (!signal.aborted) {
      const changed = await this.#watch.changes(signal);
      const since = performance.now();
      await this.#attempt(() => this.#exchangeAll(changed, since));
      const files = [...changed].filter((file) => this.#appFiles.has(file));
      if (files.length === 0 || signal.aborted) continue;
      tell({ kind: 'redeploying', files: files.map((file) => this.#named(file)) });
      await this.#lookAtApp();
      await this.#attempt(() => this.#deploy());
    }
  }

  async close(): Promise<void> {
    this.#watch.close();
    this.#exchange.close();
    await Promise.all([...this.#bundles.values()].map((bundle) => bundle.dispose()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    const { signal, tell } = this.#options;
    try {
      await action();
    } catch (error) {
      if (!signal.aborted) tell({ kind: 'failed', error });
    }
  }

  async #lookAtApp(): Promise<void> {
    this.#appFiles = await appInputs(this.#cwd, this.#options.app ?? process.env.CDK_APP);
    this.#watchAll();
  }

  #watchAll(): void {
    const inputs = [...this.#bundles.values()].flatMap((bundle) => [bundle.handler.entry, ...bundle.inputs]);
    this.#watch.set([...this.#appFiles, ...inputs]);
  }

  async #deploy(): Promise<void> {
    const { tell, target, signal, context, ...options } = this.#options;
    const started = performance.now();
    const assembly = join(this.#folder, 'assembly');
    const outputs = await deployApp({
      ...options,
      ...{ target, signal, assembly, cwd: this.#cwd },
      context: { ...context, [BUNDLES_CONTEXT]: join(this.#folder, 'bundles') },
    });
    this.#handlers = await deployedHandlers(assembly, target);
    await this.#bundleNew();
    tell({ kind: 'deployed', outputs: openable(outputs, target), milliseconds: performance.now() - started });
  }

  /** Begins to bundle the handlers that are new, and ends it of those that are gone. */
  async #bundleNew(): Promise<void> {
    const known = new Map<string, HandlerMetadata>(this.#handlers.map((handler) => [handler.key, handler]));
    for (const [key, bundle] of this.#bundles) {
      if (known.has(key)) continue;
      this.#bundles.delete(key);
      await bundle.dispose();
    }
    const begun = [...known].filter(([key]) => !this.#bundles.has(key));
    await Promise.all(
      begun.map(async ([key, handler]) => {
        const bundle = await bundleHandler(handler, join(this.#folder, 'bundles'));
        this.#bundles.set(key, bundle);
        await bundle.rebuild();
      }),
    );
    this.#watchAll();
    // What was saved after it was bundled, and before its files were known and watched, is nobody's change.
    const bundles = begun.flatMap(([key]) => this.#bundles.get(key) ?? []);
    await Promise.all(bundles.map((bundle) => bundle.rebuild()));
    const keys = new Set(begun.map(([key]) => key));
    await this.#exchangeOf(this.#handlers.filter(({ key, deployed }) => keys.has(key) && this.#isOther(key, deployed)));
  }

  #isOther(key: string, deployed: string | undefined): boolean {
    const bundle = this.#bundles.get(key);
    return bundle !== undefined && deployed !== undefined && !readFileSync(deployed).equals(bundle.code);
  }

  async #exchangeOf(handlers: readonly DeployedHandler[]): Promise<void> {
    await Promise.all(
      handlers.map(({ key, functionName, file }) => {
        const code = this.#bundles.get(key)?.code;
        return code && this.#exchange.exchange(functionName, file, code);
      }),
    );
  }

  async #exchangeAll(changed: ReadonlySet<string>, since: number): Promise<void> {
    const touched = [...this.#bundles.values()].filter(
      ({ handler, inputs }) => changed.has(handler.entry) || [...changed].some((file) => inputs.has(file)),
    );
    if (touched.length === 0) return;
    const before = new Map(touched.map((bundle) => [bundle, bundle.hash]));
    try {
      await Promise.all(touched.map((bundle) => bundle.rebuild()));
    } finally {
      // A file that is imported only now is watched from now on, also where it is what fails.
      this.#watchAll();
    }
    const other = touched.filter((bundle) => bundle.hash !== before.get(bundle));
    const functions = this.#handlers.filter(({ key }) => other.some(({ handler }) => handler.key === key));
    if (functions.length === 0) return;
    await this.#exchangeOf(functions);
    const entries = other.map(({ handler }) => this.#named(handler.entry));
    this.#options.tell({ kind: 'exchanged', entries, milliseconds: performance.now() - since });
  }

  #named(file: string): string {
    const path = relative(this.#cwd, file);
    return path.startsWith('..') ? basename(file) : path;
  }
}
