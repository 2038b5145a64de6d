import type { Bug } from './bug.ts';

/** Mistakes in how a batch is received and reported. */
export const consumerBugs: readonly Bug[] = [
  {
    name: 'acknowledged-before-commit',
    mistake: 'a message is reported as handled while its transaction is under way',
    edits: [
      {
        file: 'consume/deliver.ts',
        find: 'settled = await settle(invocation, record, content, turn);',
        replace: `const settling = settle(invocation, record, content, turn);
    settling.catch(() => undefined);
    settled = { kind: 'handled' };`,
      },
    ],
  },
  {
    name: 'failure-acknowledged',
    mistake: 'no record is ever reported as failed',
    edits: [
      {
        file: 'consume/batch.ts',
        find: 'queued.map(({ record }) => ({ itemIdentifier: record.eventId }))',
        replace: '[]',
      },
    ],
  },
  {
    name: 'unfinished-acknowledged',
    mistake: 'what time did not suffice for is not reported',
    edits: [
      {
        file: 'consume/batch.ts',
        find: 'if (!comesAgain(outcome)) return;',
        replace: 'if (outcome === undefined || !comesAgain(outcome)) return;',
      },
    ],
  },
  {
    name: 'wrong-record-reported',
    rare: true,
    mistake: 'the first record of the batch is reported instead of the one that failed',
    edits: [
      {
        file: 'consume/batch.ts',
        find: '({ itemIdentifier: record.eventId })',
        replace: '({ itemIdentifier: records[0]?.eventId ?? record.eventId })',
      },
    ],
  },
  {
    name: 'not-parked',
    rare: true,
    mistake: "a stream's record that fails is not parked",
    edits: [
      {
        file: 'consume/batch.ts',
        find: 'if (streamed.length > 0) await park(environment, bindings, streamed);',
        replace: '',
      },
    ],
  },
  {
    name: 'parking-failure-swallowed',
    rare: true,
    mistake: 'a record that could not be parked counts as parked',
    edits: [
      {
        file: 'consume/park.ts',
        find: 'if (failed.length > 0) {',
        replace: 'if (failed.length > 1_000) {',
      },
    ],
  },
  {
    name: 'reads-not-awaited',
    system: 'careless',
    mistake: 'a handler that returns while it reads has its message handled, without what it was to write',
    edits: [
      {
        file: 'transaction/pending-transaction.ts',
        find: 'if (this.#reads > 0) {',
        replace: 'if (this.#reads > 1_000) {',
      },
    ],
  },
  {
    name: 'used-after-return',
    system: 'careless',
    rare: true,
    mistake: 'a handler that goes on when it has returned may use its transaction, of which nothing comes',
    edits: [
      {
        file: 'transaction/pending-transaction.ts',
        find: 'this.#closed = true;',
        replace: 'this.#closed = false;',
      },
    ],
  },
  {
    name: 'hanging-not-counted',
    system: 'careless',
    mistake: 'a handler that hangs is run again for ever',
    edits: [
      {
        file: 'consume/batch.ts',
        find: 'if (invocation.running.size > 0) await countHanging(invocation, batch, inTime);',
        replace: 'void countHanging;',
      },
    ],
  },
  {
    name: 'poison-retried',
    mistake: 'bytes that are no message are tried again instead of dead-lettered',
    edits: [
      {
        file: 'consume/deliver.ts',
        find: 'return await deadLetter(invocation, record, content.error, content.envelope);',
        replace: 'return again(invocation, record, content.error, content.envelope);',
      },
    ],
  },
  {
    name: 'throttles-are-attempts',
    rare: true,
    mistake: 'throttling and conflicts count as failed attempts',
    edits: [
      {
        file: 'consume/failed-handler.ts',
        find: 'if (saysNothing(error)) return postpone(',
        replace: 'if (false && saysNothing(error)) return postpone(',
      },
    ],
  },
  {
    name: 'dead-after-the-send',
    mistake: 'the dead letter is sent before the message has ended',
    edits: [
      {
        file: 'consume/failure.ts',
        find: `  if (envelope) {
    const isExpired =`,
        replace: `  await sendLetter(invocation, record, reason, envelope);
  if (envelope) {
    const isExpired =`,
      },
    ],
  },
  {
    name: 'letter-failure-swallowed',
    rare: true,
    mistake: 'a dead letter that could not be sent counts as sent',
    edits: [
      {
        file: 'consume/failure.ts',
        find: 'if (failure) throw',
        replace: 'if (failure && failure.index < 0) throw',
      },
    ],
  },
  {
    name: 'letter-not-resent',
    rare: true,
    mistake: 'where the row says dead, the letter is taken for sent',
    edits: [
      {
        file: 'consume/failure.ts',
        find: `  const reason = { reason: row?.reason ?? 'unknown', detail: row?.detail ?? '' };
  await sendLetter(invocation, record, reason, envelope);`,
        replace: "  const reason = { reason: row?.reason ?? 'unknown', detail: row?.detail ?? '' };",
      },
    ],
  },
  {
    name: 'letter-without-envelope',
    mistake: 'a dead letter holds the reason, and not the message',
    edits: [
      {
        file: 'consume/dead-letter.ts',
        find: 'letterEntry(target, letter, encoding, text)',
        replace: 'letterEntry(target, letter, encoding, JSON.stringify({ reason: letter.reason }))',
      },
    ],
  },
];
