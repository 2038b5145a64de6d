import type { Bug } from './bug.ts';

/** Mistakes in what reconciliation names, and in how it sends that again. */
export const healingBugs: readonly Bug[] = [
  {
    name: 'heals-what-is-late',
    by: ['crash-at-start', 'request-late'],
    mistake: 'what waits in its queue past its deadline is sent again',
    edits: [
      {
        file: 'inspect/inspection.ts',
        find: 'if (!overtaken && (state.queued > 0 || isPatient)) {',
        replace: 'if (!overtaken && isPatient) {',
      },
    ],
  },
  {
    name: 'heals-the-stopped',
    by: ['disabled', 'retention'],
    mistake: 'a consumer that stands still is sent what is in its queue already',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: "if (hop === 'consumer' && state.queued > 0) return",
        replace: 'if (now < 0) return',
      },
      {
        file: 'reconcile/healer.ts',
        find: 'if (!state?.stopped || state.paused || state.queued === 0) return false;',
        replace: 'if (!state?.stopped || state.paused || state.queued >= 0) return false;',
      },
    ],
  },
  {
    name: 'names-from-stale-reads',
    rare: true,
    mistake: 'a suspect is looked up by a read that is not consistent',
    edits: [
      {
        file: 'ledger/inbox.ts',
        find: 'inboxKey(subscriber, id));',
        replace: 'inboxKey(subscriber, id), { consistent: false });',
      },
    ],
  },
  {
    name: 'uncaused-from-stale-reads',
    by: ['stale'],
    mistake: 'a message whose outbox row is not on the page is named uncaused',
    edits: [
      {
        file: 'reconcile/bucket.ts',
        find: 'if (await readOutbox(this.#ledger, id)) return;',
        replace: '',
      },
    ],
  },
  {
    name: 'cursor-before-the-work',
    rare: true,
    mistake: 'the cursor is moved before what was found is written down',
    edits: [
      {
        file: 'reconcile/pass.ts',
        find: '      await this.#open(bucket, inspection);\n',
        replace: '      found.push(bucket);\n',
      },
      {
        file: 'reconcile/pass.ts',
        find: '    const shards = { ...before.shards };\n',
        replace: '    const shards = { ...before.shards };\n    const found: JudgedBucket[] = [];\n',
      },
      {
        file: 'reconcile/pass.ts',
        find: '    return this.#save({ upTo: to, minute, lines });',
        replace: `    const isSaved = await this.#save({ upTo: to, minute, lines });
    for (const bucket of found) await this.#open(bucket, inspection);
    return isSaved;`,
      },
    ],
  },
  {
    name: 'heals-without-budget',
    by: ['reconcile.deferred'],
    mistake: 'a run sends again whatever is missing, however much that is',
    edits: [{ file: 'reconcile/healer.ts', find: 'this.#spent.set(subscriber, spent + 1);', replace: '' }],
  },
  {
    name: 'one-budget-for-all',
    system: 'notices',
    rare: true,
    mistake: 'what one subscriber is sent again takes from what others may be sent',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: 'const spent = this.#spent.get(subscriber) ?? 0;',
        replace: "const spent = this.#spent.get('all') ?? 0;",
      },
      {
        file: 'reconcile/healer.ts',
        find: 'this.#spent.set(subscriber, spent + 1);',
        replace: "this.#spent.set('all', spent + 1); void subscriber;",
      },
    ],
  },
  {
    name: 'both-runs-heal',
    by: ['schedule-twice'],
    mistake: 'of two runs at once, both send',
    edits: [
      {
        file: 'reconcile/cases.ts',
        find: "ConditionExpression: '#tries = :tries AND #next = :next AND #state <> :closed',",
        replace: "ConditionExpression: '#tries <> :next OR #next <> :tries OR #state <> :closed',",
      },
    ],
  },
  {
    name: 'heals-the-wrong-subscriber',
    by: ['lost'],
    mistake: 'what one subscriber lacks is sent to the first that expects it',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: 'return this.#graph.expectedOf(id, type).find((expected) => expected.subscriber === subscriber);',
        replace: 'return this.#graph.expectedOf(id, type)[0]; void subscriber;',
      },
    ],
  },
  {
    name: 'healed-under-a-new-id',
    by: ['lost'],
    mistake: 'what is sent again gets a new message id',
    edits: [
      {
        file: 'reconcile/resend.ts',
        find: 'entryOf({ ...envelope, relayed })',
        replace: "entryOf({ ...envelope, id: envelope.id.replace(/-.{4}-7/, '-ffff-7'), relayed })",
      },
    ],
  },
  {
    name: 'never-heals',
    by: ['lost'],
    mistake: 'what is missing is put up with after its first try, which is none',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: 'if (read.tries >= HEALING_TRIES) return',
        replace: 'if (read.tries >= HEALING_TRIES - 8) return',
      },
    ],
  },
  {
    name: 'no-sweep',
    by: ['from-latest'],
    mistake: 'what the relay never sent is left to the relay',
    edits: [
      {
        file: 'inspect/inspection.ts',
        find: 'if (!overtaken && now < deadlineAt + RELAY_PATIENCE_MS) {',
        replace: 'if (!overtaken || overtaken) {',
      },
    ],
  },
  {
    name: 'streams-not-healed',
    by: ['crash-loop', 'from-latest'],
    mistake: 'what a reader of a stream lacks is never sent again',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: ': this.#outgoing.resend(next, route);',
        replace: ": route.destination.kind === 'queue' ? this.#outgoing.resend(next, route) : undefined;",
      },
    ],
  },
  {
    name: 'case-never-closed',
    by: ['lost'],
    mistake: 'the case of a message that has ended stays open',
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: "case 'ended':\n        return this.#close(read);",
        replace: "case 'ended':\n        return;",
      },
    ],
  },
  {
    name: 'expires-with-its-message',
    by: ['ttl-early'],
    mistake: 'an inbox row goes when its message does: rows that expire early let it in again',
    edits: [
      {
        file: 'ledger/inbox.ts',
        find: 'String(ttlAfter(envelope.expires))',
        replace: 'String(Math.ceil(Date.parse(envelope.expires) / 1000))',
      },
    ],
  },
  {
    name: 'newer-version-is-dead',
    by: ['newer-version'],
    mistake: 'a message of a newer version is given up, though its deploy is on its way',
    edits: [
      {
        file: 'consume/read-record.ts',
        find: "return hasCode(error, 'invalid-payload')",
        replace: "return hasCode(error, 'invalid-payload') || isAwaitingDeploy(error)",
      },
    ],
  },
  {
    name: 'older-version-not-upgraded',
    by: ['older-version'],
    mistake: 'what an older producer sent is handled as it is',
    edits: [
      {
        file: 'message/envelope.ts',
        find: 'return by(validate(from.schema, upgradedInput(from, envelope, payload), from.type));',
        replace: 'void by; void from; return envelope.data;',
      },
    ],
  },
  {
    name: 'heals-one-shard',
    rare: true,
    mistake: 'the cases of the last shards are never followed up',
    edits: [
      {
        file: 'reconcile/heal.ts',
        find: 'casesOf(ledger, shard)',
        replace: 'casesOf(ledger, 0 * shard)',
      },
    ],
  },
  {
    name: 'compares-the-wrong-shards',
    rare: true,
    mistake: 'whoever is asked to compare some shards compares the first ones',
    edits: [
      {
        file: 'reconcile/shard-groups.ts',
        find: 'index === compare?.group',
        replace: 'index === 0 * Number(compare?.group)',
      },
    ],
  },
];
