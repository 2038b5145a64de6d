import { setTimeout as sleep } from 'node:timers/promises';
import { PROVIDER_MOMENTS, type ProviderMoment } from '../payment-provider.ts';
import { workersOf } from '../worker-process.ts';

/** What `--kills` adds to the object of `--json`. */
export interface KillsVerdict {
  readonly kills: {
    /** How often the function was killed. */
    readonly times: number;
    /** Its processes that were ended so: several run side by side. */
    readonly processes: number;
    /** The times, by how far the provider had come with a request. */
    readonly at: Readonly<Record<ProviderMoment, number>>;
  };
}

export interface KillerOptions {
  /** The engine's process. */
  readonly engine: number;
  /** The function whose processes are killed. */
  readonly functionName: string;
  /** How often. */
  readonly times: number;
  /** Milliseconds between two kills, so that something is done in between. @default 400 */
  readonly pauseMs?: number;
  /** A number from 0 up to 1, by which moments are varied. @default Math.random */
  readonly random?: () => number;
}

const PAUSE_MS = 400;
/** The answer takes its way, and what is written down after it does too: the function dies somewhere on it. */
const AFTER_MS = 60;

/**
 * Kills all processes of a function at moments around a charge: when the provider was asked, when it has charged and not answered, a
 * moment after it has answered, and when it was asked what became of a charge. Each kind in turn.
 */
export class Killer {
  readonly at: Record<ProviderMoment, number> = { asked: 0, charged: 0, answered: 0, told: 0 };
  processes = 0;
  readonly #options: Required<KillerOptions>;
  #rested = true;

  constructor(options: KillerOptions) {
    this.#options = { pauseMs: PAUSE_MS, random: Math.random, ...options };
  }

  get times(): number {
    return Object.values(this.at).reduce((sum, times) => sum + times, 0);
  }

  /** Is told of the provider's moments, and kills at some. */
  readonly onMoment = (moment: ProviderMoment): void => {
    const { times, random } = this.#options;
    // In turn, so that what was killed has a chance to come further than before.
    if (!this.#rested || this.times >= times || moment !== PROVIDER_MOMENTS[this.times % PROVIDER_MOMENTS.length])
      return;
    this.#rested = false;
    // The others are moments at which the provider waits: the function dies before anything of it is answered.
    if (moment === 'answered' || moment === 'told') void sleep(random() * AFTER_MS).then(() => this.#kill(moment));
    else this.#kill(moment);
  };

  #kill(moment: ProviderMoment): void {
    const { engine, functionName, pauseMs } = this.#options;
    const killed = workersOf(engine, functionName).filter(killNow);
    this.processes += killed.length;
    if (killed.length > 0) this.at[moment] += 1;
    void sleep(killed.length > 0 ? pauseMs : 0).then(() => {
      this.#rested = true;
    });
  }

  get verdict(): KillsVerdict {
    return { kills: { times: this.times, processes: this.processes, at: { ...this.at } } };
  }

  /** What it came to, as the demo tells it. */
  get drill() {
    return { verdict: this.verdict, summary: [this.summary], problems: this.problems };
  }

  /** In words. */
  get summary(): string {
    const at = PROVIDER_MOMENTS.map((moment) => `${this.at[moment]} ${WHEN[moment]}`).join(', ');
    return `kills: the function that pays was killed ${this.times} times, ${this.processes} processes: ${at}`;
  }

  /** What is wrong with it, in words; empty when nothing is. */
  get problems(): string[] {
    const { times } = this.#options;
    const left = times - this.times;
    return left > 0 ? [`Killed ${this.times} times, not ${times}: give more orders by --count`] : [];
  }
}

const WHEN: Readonly<Record<ProviderMoment, string>> = {
  asked: 'when the provider was asked',
  charged: 'when it had charged and not answered',
  answered: 'just after it had answered',
  told: 'when it was asked what became of a charge',
};

/** It may have ended by itself meanwhile. */
function killNow(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
