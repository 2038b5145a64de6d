import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Hunt, Quarry } from './bug-thread.ts';

const THREADS = 2;
/** A thread that has loaded the framework so often makes room for another: modules are never unloaded. */
const HUNTS_A_THREAD = 10;

/** Hunts one after another, in a thread that loads the libraries once. */
class Lane {
  #last: Promise<unknown> = Promise.resolve();
  #thread: Worker | undefined;
  #hunts = 0;

  hunt(quarry: Quarry): Promise<Hunt> {
    const hunted = this.#last.then(() => this.#run(quarry));
    this.#last = hunted.catch(() => this.#end());
    return hunted;
  }

  async #run(quarry: Quarry): Promise<Hunt> {
    if (this.#hunts++ % HUNTS_A_THREAD === 0) await this.#end();
    this.#thread ??= new Worker(new URL('./bug-thread.ts', import.meta.url), {
      execArgv: ['--conditions=waybill-source', '--disable-warning=ExperimentalWarning'],
    });
    this.#thread.ref();
    this.#thread.postMessage(quarry);
    const [result] = (await once(this.#thread, 'message')) as [Hunt];
    // Nobody has to end the last one.
    this.#thread.unref();
    return result;
  }

  async #end(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }
}

const lanes = Array.from({ length: THREADS }, () => new Lane());
let next = 0;

/** Hunts a bug that is planted into a framework of its own. As many hunts run at once as there are threads. */
export function hunt(quarry: Quarry): Promise<Hunt> {
  return (lanes[next++ % THREADS] as Lane).hunt(quarry);
}
