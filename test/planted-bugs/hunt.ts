import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Hunt, Quarry } from './bug-thread.ts';

/** Hunts a bug in a thread of its own, into which it is planted. */
export async function hunt(quarry: Quarry): Promise<Hunt> {
  const execArgv = ['--conditions=waybill-source'];
  const thread = new Worker(new URL('./bug-thread.ts', import.meta.url), { workerData: quarry, execArgv });
  try {
    const [result] = (await once(thread, 'message')) as [Hunt];
    return result;
  } finally {
    await thread.terminate();
  }
}
