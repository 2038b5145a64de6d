import { type FSWatcher, watch } from 'node:fs';
import { dirname, join } from 'node:path';

/** Editors write a file in several steps. */
const SETTLED_MS = 25;

/** Watches files, by the folders in which they lie: a file that is replaced by another of its name is seen, too. */
export class FileWatch {
  readonly #folders = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #files: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  /** Watches these files, and no others. */
  set(files: Iterable<string>): void {
    this.#files = new Set([...files].filter((file) => !/[\\/]node_modules[\\/]/.test(file)));
    const folders = new Set([...this.#files].map((file) => dirname(file)));
    for (const folder of folders) if (!this.#folders.has(folder)) this.#watch(folder);
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
  }

  /** The files that have changed since it was asked last, once there are any; none once the signal aborts. */
  async changes(signal: AbortSignal): Promise<ReadonlySet<string>> {
    while (!signal.aborted && (this.#changed.size === 0 || this.#timer)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    const changed = new Set(this.#changed);
    this.#changed.clear();
    return changed;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #watch(folder: string): void {
    const watcher = watch(folder, (_, name) => {
      const file = name === null ? undefined : join(folder, name);
      if (file === undefined || !this.#files.has(file)) return;
      this.#changed.add(file);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#wake?.();
      }, SETTLED_MS);
    });
    // A folder that is removed is watched no more: its files are told of by whoever imports them.
    watcher.on('error', () => watcher.close());
    this.#folders.set(folder, watcher);
  }
}
