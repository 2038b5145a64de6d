import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Mutant } from './sources.ts';
import type { Order, Outcome } from './suite-process.ts';

/** A mutant that has not come to its end after so long runs in a circle. */
const PATIENCE_MS = 600_000;

/** The tests, in a process that stays from one mutant to the next: it has loaded the CDK and the AWS SDK. */
export class Suite {
  readonly #quick: boolean;
  #child: ChildProcess | undefined;

  /** @param quick whether only the folder that mirrors a file's own is run */
  constructor(quick: boolean) {
    this.#quick = quick;
  }

  /** What the tests say of a mutant. */
  async judge({ file, source }: Mutant): Promise<Outcome> {
    const child = await this.#started();
    child.send({ next: { file, source }, quick: this.#quick } satisfies Order);
    const outcome = await new Promise<Outcome>((resolve) => {
      const settle = (told: Outcome) => {
        clearTimeout(timer);
        child.off('message', settle).off('exit', died);
        resolve(told);
      };
      const died = () => settle({ killedBy: 'the process ended' });
      const timer = setTimeout(() => settle({ killedBy: 'it does not end' }), PATIENCE_MS);
      child.once('message', settle).once('exit', died);
    });
    if (outcome.killedBy === 'it does not end' || outcome.killedBy === 'the process ended') this.close();
    return outcome;
  }

  close(): void {
    const { pid } = this.#child ?? {};
    this.#child = undefined;
    if (pid === undefined) return;
    try {
      // Its workers too: one of them may run in a circle, and hear nothing.
      process.kill(-pid, 'SIGKILL');
    } catch {
      // They have ended.
    }
  }

  async #started(): Promise<ChildProcess> {
    if (this.#child) return this.#child;
    const program = new URL('./suite-process.ts', import.meta.url);
    const child = fork(program, {
      execArgv: ['--conditions=waybill-source'],
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    process.once('exit', () => this.close());
    await once(child, 'message');
    return child;
  }
}
