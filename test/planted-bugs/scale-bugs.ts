import type { Bug } from './bug.ts';

/** A mistake of the scaler, the watcher or the controller, and the drill that shows it. */
export interface ScaleBug extends Pick<Bug, 'name' | 'mistake' | 'edits'> {
  readonly drill: 'readings' | 'overload' | 'circuit' | 'stall' | 'crowd' | 'rest' | 'shards' | 'order';
}

/** Mistakes that show in how much a subscriber is given to take on, in how often something is looked at, or in what is redriven into an order: no plan of the simulator judges that. */
export const scaleBugs: readonly ScaleBug[] = [
  {
    name: 'scaler-flaps',
    drill: 'readings',
    mistake: 'one reading is enough to scale',
    edits: [
      {
        file: 'scale/decide.ts',
        find: 'const isSecond = verdict === known.verdict && gap <= STEPS_IN_A_ROW * every;',
        replace: "const isSecond = verdict !== 'hold' && gap <= STEPS_IN_A_ROW * every * 1e9;",
      },
    ],
  },
  {
    name: 'scaler-forgets-what-is-in-flight',
    drill: 'readings',
    mistake: 'an empty queue whose messages are all being handled is taken for a quiet one',
    edits: [
      {
        file: 'scale/decide.ts',
        find: 'const backlog = waiting + inFlight;',
        replace: 'const backlog = waiting + inFlight * 0;',
      },
    ],
  },
  {
    name: 'scaler-counts-one-reading-twice',
    drill: 'readings',
    mistake: 'a schedule that invokes twice in a minute makes two readings of one',
    edits: [{ file: 'scale/decide.ts', find: 'if (gap < every / 2) return known;', replace: '' }],
  },
  {
    name: 'scaler-beyond-its-most',
    drill: 'overload',
    mistake: 'doubling goes on above the most that was given',
    edits: [
      {
        file: 'scale/decide.ts',
        find: "if (verdict === 'up') return within(concurrency * 2, least, max);",
        replace: "if (verdict === 'up') return within(concurrency * 2, least, max * 4);",
      },
    ],
  },
  {
    name: 'scaler-never-asks-again',
    drill: 'overload',
    mistake: 'a control message that is lost is lost',
    edits: [
      {
        file: 'scale/scaling.ts',
        find: 'const isOpen = changed || exhausted || !isSettled(before, reading, settings);',
        replace: 'const isOpen = changed || (exhausted && !isSettled(before, reading, settings) && changed);',
      },
    ],
  },
  {
    name: 'scaler-switches-on',
    drill: 'overload',
    mistake: 'an event source that an operator has switched off is switched on by scaling it',
    edits: [
      {
        file: 'circuit/set-concurrency.ts',
        find: 'await switchSource(clients, source, { concurrency });',
        replace: 'await switchSource(clients, source, { isOn: true, concurrency });',
      },
    ],
  },
  {
    name: 'scaler-fights-the-breaker',
    drill: 'circuit',
    mistake: 'what waits behind an open circuit is taken for an overload',
    edits: [
      {
        file: 'scale/scaling.ts',
        find: 'if (!isAtRest(await readCircuit(ledger, subscriber))) return;',
        replace: 'if (!isAtRest(undefined)) return;',
      },
      {
        file: 'circuit/set-concurrency.ts',
        find: 'if (!isAtRest(await readCircuit(ledger, subscriber))) return undefined;',
        replace: 'if (!isAtRest(undefined)) return undefined;',
      },
    ],
  },
  {
    name: 'watcher-tells-of-the-paused',
    drill: 'stall',
    mistake: 'a subscriber whose circuit is open is told to stand still',
    edits: [
      {
        file: 'scale/stall-watch.ts',
        find: 'return !isAtRest(await readCircuit(ledger, subscriber));',
        replace: 'return !isAtRest(undefined);',
      },
    ],
  },
  {
    name: 'watcher-tells-of-the-idle',
    drill: 'stall',
    mistake: 'a subscriber of a stream is told to stand still, since nothing comes',
    edits: [
      {
        file: 'scale/stall-watch.ts',
        find: 'if (!(await isCommitted(whole, types, { from: since, to: owedUntil(at) }))) return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'watcher-tells-of-the-busy',
    drill: 'stall',
    mistake: 'a subscriber that handles messages is told to stand still, since some wait',
    edits: [
      {
        file: 'scale/stall.ts',
        find: 'const quiet = at - Math.max(since, ends.newest);',
        replace: 'const quiet = at - Math.min(since, ends.newest);',
      },
    ],
  },
  {
    name: 'watcher-waits-for-the-timeout',
    drill: 'stall',
    mistake: 'a subscriber of which nothing ends any more is told once an invocation has had its time, and not before',
    edits: [{ file: 'scale/stall.ts', find: 'if (!ends) return', replace: 'if (!ends || ends.newest > 0) return' }],
  },
  {
    name: 'watcher-takes-slow-for-hanging',
    drill: 'stall',
    mistake: 'a subscriber whose messages take long is told to stand still',
    edits: [
      {
        file: 'scale/stall.ts',
        find: 'Math.min(lasts, SLOW_TIMES * ends.longest)',
        replace: 'Math.min(lasts, 0 * SLOW_TIMES * ends.longest)',
      },
    ],
  },
  {
    name: 'watcher-counts-what-rests',
    drill: 'stall',
    mistake: 'a message that failed and rests is taken for one that hangs',
    edits: [
      {
        file: 'scale/stall.ts',
        find: 'stall.waits || stall.grown >= LEAST_GROWN',
        replace: 'stall.waits || stall.grown >= 0 * LEAST_GROWN',
      },
      { file: 'scale/stall.ts', find: 'since: goesOn ? before.since : at,', replace: 'since: before.since,' },
    ],
  },
  {
    name: 'watcher-trusts-what-is-in-flight',
    drill: 'stall',
    mistake: 'a subscriber whose handlers hang is told by nobody, since its messages are being handled',
    edits: [
      {
        file: 'scale/stall.ts',
        find: 'if (all === 0) return undefined;',
        replace: 'if (all === 0 || inFlight > 0) return undefined;',
      },
    ],
  },
  {
    name: 'resting-queue-looked-at-each-5-s',
    drill: 'rest',
    mistake: 'a half-open circuit is looked at every 5 s for as long as all its messages rest',
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'return Math.min(STILL_EMPTY_SECONDS, Math.max(EMPTY_SECONDS, waited));',
        replace: 'return Math.min(STILL_EMPTY_SECONDS, Math.max(EMPTY_SECONDS, 0 * waited));',
      },
    ],
  },
  {
    name: 'eleventh-change-of-shards',
    drill: 'shards',
    mistake: 'a stream is asked for an eleventh change of its shards in a day',
    edits: [
      {
        file: 'scale/shards.ts',
        find: 'if (resharded.length >= MOST_A_DAY) return undefined;',
        replace: 'if (resharded.length >= MOST_A_DAY * 10) return undefined;',
      },
    ],
  },
  {
    name: 'shards-before-the-factor',
    drill: 'shards',
    mistake: 'a stream is given shards while a shard may still be read by more batches at once',
    edits: [
      {
        file: 'scale/shards.ts',
        find: 'isExhausted && at - last >= GROWN_MS ? shards * 2',
        replace: '(isExhausted || waiting > 1_000) && at - last >= GROWN_MS ? shards * 2',
      },
    ],
  },
  {
    name: 'shards-by-more-than-double',
    drill: 'shards',
    mistake: 'a stream is to have more than twice its shards at once, which Kinesis refuses',
    edits: [
      {
        file: 'circuit/set-shards.ts',
        find: 'Math.min(open * 2, Math.max(Math.ceil(open / 2), shards))',
        replace: 'Math.max(Math.ceil(open / 2), shards)',
      },
    ],
  },
  {
    name: 'redrive-overtakes',
    drill: 'order',
    mistake: 'what is redriven takes effect though those behind it in its order have',
    edits: [
      {
        file: 'order/turn.ts',
        find: "if (standing === 'early' || (standing === 'overtaken' && !this.#coming.outOfOrder)) return outcome;",
        replace: "if (standing === 'early') return outcome;",
      },
    ],
  },
  {
    name: 'scaler-floods-lambda',
    drill: 'crowd',
    mistake: 'the controller is asked for all changes of a minute at once',
    edits: [
      {
        file: 'scale/scaler.ts',
        find: 'Math.min(this.#asked++, MOST_DELAY_SECONDS)',
        replace: 'Math.min(0 * this.#asked++, MOST_DELAY_SECONDS)',
      },
    ],
  },
];
