import type { Bug } from './bug.ts';

/** Mistakes that show where operators change the system around the messages. */
export const operationBugs: readonly Bug[] = [
  {
    name: 'never-abandons',
    by: ['subscriber-removed'],
    mistake: 'what a removed subscriber has not ended stays open for ever',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: 'return until !== undefined && this.#now >= until + after;',
        replace: 'return until !== undefined && this.#now >= until + after + 86_400_000;',
      },
    ],
  },
  {
    name: 'abandons-at-once',
    by: ['subscriber-removed', 'subscriber-added-again'],
    mistake: 'what a removed subscriber has not ended is given up, though a rollback may bring it back',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: 'return until !== undefined && this.#now >= until + after;',
        replace: 'return until !== undefined && this.#now >= until + after * 0;',
      },
    ],
  },
  {
    name: 'abandons-who-is-back',
    rare: true,
    by: ['subscriber-added-again'],
    mistake: 'a subscriber that is there again has what it owes from before given up',
    edits: [
      {
        file: 'ledger/rows/route.ts',
        find: 'if (term && !term.adoptedFrom) return [route];',
        replace: 'if (term === route) return [route];',
      },
    ],
  },
  {
    name: 'forgets-past-terms',
    by: ['subscriber-added-again'],
    mistake: 'a subscriber that was removed and added again owes nothing of what it had before',
    edits: [{ file: 'relay/route-claim.ts', find: '...(past.length > 0 && { past }),', replace: '' }],
  },
  {
    name: 'one-queue-ends-the-run',
    by: ['subscriber-removed'],
    mistake: 'a queue that is gone ends the run of reconciliation, for everybody',
    edits: [
      {
        file: 'inspect/inspection.ts',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the source
        find: 'return unjudged(`${errorCode(error)} while it was looked at`);',
        replace: 'throw error;',
      },
      {
        file: 'inspect/subscriber-state.ts',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the source
        find: 'return { refused: `${what} (${errorCode(error)})` };',
        replace: 'throw error;',
      },
      {
        file: 'reconcile/healer.ts',
        find: "this.#ledger.environment.log.warn('not followed up', { messageId: id, subscriber, error: errorCode(error) });",
        replace: 'if (id && subscriber && errorCode(error)) throw error;',
      },
    ],
  },
  {
    name: 'no-backfill',
    by: ['subscriber-added'],
    mistake: 'what was committed before the first subscriber came is never sent to it',
    edits: [
      {
        file: 'relay/backfill.ts',
        find: 'if (state.done !== undefined || !(await book.hasRoutes(state.sk))) continue;',
        replace: 'if (state.sk !== undefined) continue;',
      },
    ],
  },
  {
    name: 'no-backfill-beside-schedules',
    by: ['subscriber-added'],
    mistake: 'where messages have schedules, what was committed before the first subscriber came is never sent to it',
    edits: [
      {
        file: 'relay/sweeper.ts',
        find: 'if (!ledger.environment.variables[BINDINGS.scheduleGroup]) await this.#sweepShards();',
        replace: 'if (ledger.environment.variables[BINDINGS.scheduleGroup]) return;\n    await this.#sweepShards();',
      },
    ],
  },
  {
    name: 'late-subscriber-gets-all',
    by: ['subscriber-added'],
    mistake: 'whoever comes later is to get what was committed long before',
    edits: [
      {
        file: 'relay/route-claim.ts',
        find: ': { since: start, sinceRequest: request };',
        replace: ': { since: start - 3_600_000, sinceRequest: request };',
      },
    ],
  },
  {
    name: 'stream-gives-all',
    system: 'warehouse',
    by: ['subscriber-added', 'subscriber-added-again'],
    mistake: 'a reader of a stream handles all that lies there, whether or not it is to get it',
    edits: [
      {
        file: 'consume/batch.ts',
        find: 'environment.variables[BINDINGS.streamName] ? await withoutUnexpected(invocation, read) : read;',
        replace: 'BINDINGS.streamName ? read : await withoutUnexpected(invocation, read);',
      },
    ],
  },
  {
    name: 'route-remembered-for-ever',
    system: 'warehouse',
    by: ['subscriber-added-again'],
    rare: true,
    mistake: 'a reader of a stream lets go for good what a route did not give it that it read before',
    edits: [
      {
        file: 'consume/own-routes.ts',
        find: "if (routes.length > 0 && messageTime(id) < read) return 'unexpected';",
        replace: "if (routes.length > 0 || messageTime(id) < read) return 'unexpected';",
      },
    ],
  },
  {
    name: 'foreign-ends-its-own',
    by: ['foreign-messages'],
    mistake: 'a message of another ledger is ended under its id, which is that of a message of this ledger, too',
    edits: [
      {
        file: 'consume/read-record.ts',
        find: "if (foreign) return { kind: 'refused', error: foreign };",
        replace: "if (foreign) return { kind: 'refused', error: foreign, envelope };",
      },
    ],
  },
  {
    name: 'hammers-the-paused',
    by: ['subscriber-paused'],
    mistake: 'what lies in the queue of a subscriber that stands still is sent again and again',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: "if (hop === 'consumer' && state.queued > 0) return this.#rewrite(read, later);",
        replace: '',
      },
      {
        file: 'reconcile/healer.ts',
        find: 'if (!state?.stopped || state.paused || state.queued === 0) return false;',
        replace: 'if (state) return false;\n    if (!state) return false;',
      },
    ],
  },
  {
    name: 'unreadable-is-empty',
    by: ['permission-lost'],
    mistake: 'a queue that the reconciler may not ask for its depth counts as empty: what lies in it is sent again',
    edits: [
      {
        file: 'inspect/subscriber-state.ts',
        find: 'unreadable: attributes.refused ?? sources.refused,',
        replace: 'unreadable: sources.refused,',
      },
    ],
  },
  {
    name: 'unknown-type-is-dead',
    by: ['event-type-added'],
    mistake: 'a message of an event type that the code does not know yet is given up, though a deploy is on its way',
    edits: [
      {
        file: 'consume/read-record.ts',
        find: "return { kind: 'failed', error: unknownType(subscriber.name, envelope), envelope };",
        replace: "return { kind: 'refused', error: unknownType(subscriber.name, envelope), envelope };",
      },
    ],
  },
  {
    name: 'adopts-what-has-ended',
    system: 'warehouse',
    by: ['subscriber-renamed'],
    mistake: 'a successor is sent what the one before it has handled',
    edits: [
      {
        file: 'ledger/rows/route.ts',
        find: "return adoptedFrom === undefined || endAt(adoptedFrom) === 'abandoned';",
        replace: "return adoptedFrom === undefined || endAt(adoptedFrom) !== 'dead';",
      },
    ],
  },
  {
    name: 'never-adopts',
    system: 'warehouse',
    by: ['subscriber-renamed'],
    mistake: 'what is given up once its successor is there stays given up',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: "const successors = state === 'abandoned' ? this.#successorsOf(read) : [];",
        replace: "const successors = state === 'dead' ? this.#successorsOf(read) : [];",
      },
    ],
  },
];
