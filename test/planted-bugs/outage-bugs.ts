import type { Bug } from './bug.ts';

/** Mistakes in circuits, in what waits, and in redrives. */
export const outageBugs: readonly Bug[] = [
  {
    name: 'probe-leaks',
    mistake: 'a probe takes no place, so that one that is not known to have ended is followed by one too many',
    system: 'outages',
    rare: true,
    by: ['service-fails', 'crash-before', 'crash-after', 'circuit.opened', 'controller.probe-good'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'if (!(await this.#change({ probesLeft: probesLeft - 1 }))) return BUSY_SECONDS;',
        replace: '',
      },
    ],
  },
  {
    name: 'closes-after-one-probe',
    mistake: 'a single probe that goes well closes a circuit that takes two',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'if (good >= probes) return this.#close(sources);',
        replace: 'if (good >= Math.min(1, probes)) return this.#close(sources);',
      },
    ],
  },
  {
    name: 'poison-keeps-it-open',
    mistake: 'a circuit stays open for as long as nothing but poison is left to try',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'return this.#row?.few === true && this.#areFew(sources);',
        replace: 'return this.#row?.few === true && sources.queued === 0;',
      },
    ],
  },
  {
    name: 'outage-taken-for-poison',
    mistake: 'a circuit closes on two failed probes, however many messages wait',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'return queued < (this.#row?.failures ?? 0);',
        replace: 'return queued >= 0 && this.#row !== undefined;',
      },
    ],
  },
  {
    name: 'breaker-counts-poison',
    mistake: 'one message that fails again and again opens the circuit',
    system: 'outages',
    edits: [
      {
        file: 'circuit/is-over.ts',
        find: 'if (ids.size >= enough && failed >= share * total) return true;',
        replace: 'if (Math.max(ids.size, failed) >= enough && failed >= share * total) return true;',
      },
      {
        file: 'circuit/circuit.ts',
        find: 'if (ids >= this.#options.settings.failures) await this.report();',
        replace: 'if (ids > 0) await this.report();',
      },
    ],
  },
  {
    name: 'flip-before-the-control-message',
    mistake: 'a circuit is opened before anybody is told to look after it',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'circuit/circuit.ts',
        find: 'await sendControl(this.#environment, controlQueueUrl, { circuit: subscriber });\n    const again',
        replace: 'const again',
      },
      {
        file: 'circuit/circuit.ts',
        find: 'this.#row = opened;\n    const fields',
        replace:
          'this.#row = opened;\n    await sendControl(this.#environment, controlQueueUrl, { circuit: subscriber });\n    const fields',
      },
    ],
  },
  {
    name: 'failed-probe-counted',
    mistake: 'a probe that fails is an attempt at its message',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'consume/failed-handler.ts',
        find: 'probe.tripped = true;\n    return pause(invocation, record, envelope);',
        replace: 'probe.tripped = true;\n    return fail(invocation, record, envelope, error);',
      },
    ],
  },
  {
    name: 'wait-is-an-attempt',
    mistake: 'a message that waits for an open circuit has made an attempt',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'consume/failed-handler.ts',
        find: 'return postpone(invocation, record, envelope, new CircuitOpen(invocation.subscriber.name, wait));',
        replace:
          'return countAttempt(invocation, record, envelope, new CircuitOpen(invocation.subscriber.name, wait));',
      },
    ],
  },
  {
    name: 'wait-without-a-row',
    mistake: 'a message waits for an open circuit, and no row says until when',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'consume/failure.ts',
        find: 'if (isTold || wait > Math.min(TOLD_SECONDS, subscriber.deadline / 1000)) {',
        replace: 'if (isTold || (TOLD_SECONDS > 0 && subscriber.deadline < 0)) {',
      },
    ],
  },
  {
    name: 'ramp-never-ends',
    mistake: 'a circuit that has closed never takes on its whole load again',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'const isDone = next >= RAMP_TO ||',
        replace: 'const isDone = next < 0 &&',
      },
    ],
  },
  {
    name: 'stays-switched-off',
    mistake: 'an event source that was switched off is not switched on again',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'await switchSource(this.#options.clients, source, { isOn: true, concurrency });',
        replace: 'await switchSource(this.#options.clients, source, { isOn: source.isOn, concurrency });',
      },
    ],
  },
  {
    name: 'pause-defeated-by-a-deploy',
    mistake: 'an event source that a deploy switches on while the circuit is open stays on',
    system: 'outages',
    rare: true,
    by: ['sources-switched-on', 'paused-by-command'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'const on = sources.filter(({ isOn }) => isOn);',
        replace: 'const on = sources.filter(({ id, isOn }) => isOn && this.#row?.wanted?.[id] === undefined);',
      },
    ],
  },
  {
    name: 'pause-that-ends-itself',
    mistake: 'messages are tried though an operator has paused their subscriber',
    system: 'outages',
    by: ['paused-by-command'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'const rest = row.retryAt === undefined ? OPEN_SECONDS :',
        replace: 'const rest = row.retryAt === undefined ? 0 :',
      },
    ],
  },
  {
    name: 'opens-for-as-long-again',
    mistake: 'a failed probe opens the circuit for no longer than before',
    system: 'outages',
    by: ['service-fails'],
    edits: [
      {
        file: 'circuit/step.ts',
        find: 'const longer = Math.min(LONGEST_OPEN_MS, wait * 2);',
        replace: 'const longer = Math.min(LONGEST_OPEN_MS, wait);',
      },
    ],
  },
  {
    name: 'flaps',
    mistake: 'one reading is enough to take on twice as much, or half as much',
    system: 'sale',
    by: ['subscriber-paused', 'scaler.changed'],
    edits: [
      {
        file: 'scale/decide.ts',
        find: 'const isSecond = verdict === known.verdict && gap <= STEPS_IN_A_ROW * every;',
        replace: "const isSecond = verdict !== 'hold' && gap <= STEPS_IN_A_ROW * every * 1e9;",
      },
    ],
  },
  {
    name: 'never-halves',
    mistake: 'what was taken on for a backlog is never given up again',
    system: 'sale',
    by: ['subscriber-paused', 'scaler.changed'],
    edits: [
      {
        file: 'scale/decide.ts',
        find: "return backlog < halveBelow && mayFall ? 'down' : 'hold';",
        replace: "return backlog < 0 * halveBelow && mayFall ? 'down' : 'hold';",
      },
    ],
  },
  {
    name: 'relapse-ignored',
    mistake: 'a redrive goes on though its canary has failed',
    system: 'outages',
    by: ['redriven'],
    edits: [
      {
        file: 'redrive/wave.ts',
        find: "if (relapsed >= atLeast) return 'stop';",
        replace: "if (relapsed >= atLeast + 1_000) return 'stop';",
      },
    ],
  },
  {
    name: 'wave-not-waited-for',
    mistake: 'a redrive sends a wave while the last one is under way',
    system: 'outages',
    by: ['redriven'],
    edits: [
      {
        file: 'redrive/redriver.ts',
        find: 'if (row.wave.open.length > 0) return this.#look();',
        replace: '',
      },
      {
        file: 'redrive/wave.ts',
        find: "return open.length > 0 ? 'wait' : 'next';",
        replace: "return open.length > 1_000 ? 'wait' : 'next';",
      },
    ],
  },
  {
    name: 'wave-ends-on-a-failure-row',
    mistake: 'a redrive takes any failure row, of a mere wait or of long ago, for a relapse',
    system: 'outages',
    by: ['redriven-while-stopped'],
    edits: [
      {
        file: 'redrive/send-wave.ts',
        find: ': [end?.redrive, failed?.redrive];',
        replace: ': [end?.redrive, failed && operation];',
      },
    ],
  },
  {
    name: 'snapshot-grows',
    mistake: 'a redrive takes, too, what dies after it has begun',
    system: 'outages',
    rare: true,
    by: ['redriven'],
    edits: [
      {
        file: 'redrive/candidates.ts',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the source
        find: "{ ':upTo': { S: `${new Date(upTo).toISOString()}#~` } },",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the source
        replace: "{ ':upTo': { S: `${new Date(upTo + 86_400_000).toISOString()}#~` } },",
      },
    ],
  },
  {
    name: 'letter-left-behind',
    mistake: 'the letter of what is dead no more stays in the dead-letter queue',
    system: 'outages',
    by: ['redriven', 'redrive-handled'],
    edits: [
      { file: 'redrive/sweep-letters.ts', find: 'if (mended.length > 0) {', replace: 'if (mended.length > 10) {' },
    ],
  },
  {
    name: 'redrive-skips',
    mistake: 'a redrive passes over what does not fit into its wave',
    system: 'outages',
    by: ['redriven', 'redrive-handled'],
    edits: [
      {
        file: 'redrive/candidates.ts',
        find: 'const left = chosen.length > room ? chosen[room - 1]?.after : page.LastEvaluatedKey?.sk?.S;',
        replace: 'const left = page.LastEvaluatedKey?.sk?.S;',
      },
    ],
  },
  {
    name: 'range-of-one-shard',
    mistake: 'what is sent again by its time is looked for in the first shard of each minute alone',
    system: 'outages',
    by: ['sent-again'],
    edits: [
      {
        file: 'redrive/candidates.ts',
        find: 'return outboxPartition(minute, partition % shards);',
        replace: 'return outboxPartition(minute, 0 * (partition % shards));',
      },
    ],
  },
  {
    name: 'range-resumes-at-the-minute',
    mistake: 'what is sent again by its time goes on at the next shard, whatever of this one did not fit into the wave',
    system: 'outages',
    by: ['sent-again'],
    edits: [
      {
        file: 'redrive/candidates.ts',
        find: 'cursor = left === undefined ? { partition: partition + 1 } : { partition, after: left };',
        replace:
          "cursor = left === undefined || row.selection.kind === 'range' ? { partition: partition + 1 } : { partition, after: left };",
      },
    ],
  },
  {
    name: 'redrives-into-an-open-circuit',
    mistake: 'a redrive sends its waves though nothing is handled',
    system: 'outages',
    by: ['redriven-while-stopped'],
    edits: [
      {
        file: 'redrive/redriver.ts',
        find: 'return paused ? PAUSED_MS : this.#send();',
        replace: 'return paused && PAUSED_MS < 0 ? PAUSED_MS : this.#send();',
      },
    ],
  },
];
