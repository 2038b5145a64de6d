import type { Bug } from './bug.ts';

/** Mistakes in handshakes, half messages, delays and cancellations. */
export const sendingBugs: readonly Bug[] = [
  {
    name: 'half-discarded-by-count',
    mistake: 'a half message is rolled back when its owner has been asked twice',
    by: ['half-committed', 'half-asked-early'],
    edits: [
      {
        file: 'half/check-back.ts',
        find: 'if (environment.now() >= messageTime(halfId) + asking.patience) return giveUpAsking(asking, row, record);',
        replace: `if (Number(record.attributes.ApproximateReceiveCount) > 1) {
    await rollbackHalf(environment, halfId);
    return 'rolledBack';
  }`,
      },
    ],
  },
  {
    name: 'rollback-on-absence',
    mistake: 'a local transaction that has not committed counts as refused',
    by: ['half-committed', 'half-asked-early'],
    edits: [
      {
        file: 'half/sql/local-transaction.ts',
        find: `    const refused = await execute(REFUSE, [transactionId]);
    const [row] = refused.length > 0 ? refused : await execute(READ, [transactionId]);
`,
        replace: `    const [row = { outcome: 'refused' }] = await execute(READ, [transactionId]);
    if (row.outcome === 'open') return 'rollback';
`,
      },
    ],
  },
  {
    name: 'unknown-is-done',
    mistake: 'a check-back whose owner does not know is not asked again',
    by: ['half-rolled-back', 'half-asked-early'],
    edits: [{ file: 'half/check-back.ts', find: "return outcome === 'unknown';", replace: 'return false;' }],
  },
  {
    name: 'half-committed-twice',
    mistake: 'a half message is committed whether or not it is decided',
    by: ['half-checked-back', 'request-late', 'reply-lost'],
    edits: [
      {
        file: 'half/half.ts',
        find: `      ConditionExpression: '#state = :prepared',
      ExpressionAttributeNames: { '#state': 'state', '#ttl': 'ttl' },
      ExpressionAttributeValues: toItem({
        ':prepared': 'prepared',
`,
        replace: `      ExpressionAttributeNames: { '#state': 'state', '#ttl': 'ttl' },
      ExpressionAttributeValues: toItem({
`,
      },
    ],
  },
  {
    name: 'sweep-without-lookahead',
    mistake: 'the sweep sends what is due, and not what is about to be',
    by: ['swept'],
    edits: [{ file: 'relay/sweeper.ts', find: 'const LOOKAHEAD_MS = 600_000;', replace: 'const LOOKAHEAD_MS = 0;' }],
  },
  {
    name: 'cursor-before-the-send',
    mistake: 'the sweep notes how far it came, and then sends',
    by: ['swept', 'crash-before'],
    edits: [
      {
        file: 'relay/sweeper.ts',
        find: 'const sent = await this.#sendInOrder(rows);',
        replace: `const end = rows.at(-1);
        if (end && !(await this.#moveCursor(shard, end.sk))) return;
        const sent = await this.#sendInOrder(rows);`,
      },
    ],
  },
  {
    name: 'sweep-mints-ids',
    mistake: 'the sweep sends a message under a new id: two sweeps send two messages',
    by: ['swept'],
    edits: [
      {
        file: 'relay/sweeper.ts',
        find: 'return readOutboxRows(ledger, kept, counts);',
        replace: `const read = readOutboxRows(ledger, kept, counts);
    const minted = (id) => {
      const bytes = Buffer.from(ledger.environment.random(6)).toString('hex');
      return id.slice(0, 24) + bytes.slice(0, 8) + id.slice(32);
    };
    return { ...read, envelopes: read.envelopes.map((one) => ({ ...one, id: minted(one.id) })) };`,
      },
    ],
  },
  {
    name: 'cancel-without-condition',
    mistake: 'a message is cancelled at subscribers that have handled it',
    by: ['cancelled', 'too-late'],
    edits: [
      {
        file: 'cancel/cancel-message.ts',
        find: 'return { ...inboxAction(ledger, ending), row',
        replace: `const { Put: { ConditionExpression: _, ...put } = { TableName: '', Item: {} } } = inboxAction(ledger, ending).item;
    const item = { Put: { ...put, ReturnValuesOnConditionCheckFailure: undefined } };
    return { ...inboxAction(ledger, ending), item, row`,
      },
    ],
  },
  {
    name: 'cancel-marks-the-outbox-alone',
    mistake: 'a message that is cancelled is marked, and may still be delivered',
    by: ['cancelled', 'too-late'],
    edits: [
      {
        file: 'cancel/cancel-message.ts',
        find: 'return [...inboxes, ...fences.flat(), ...effects, mark, ',
        replace: 'return [...inboxes.slice(1), ...fences.flat(), ...effects, mark, ',
      },
    ],
  },
  {
    name: 'rescheduled-in-two-steps',
    mistake: 'a message is cancelled, and then the one in its place is committed',
    by: ['rescheduled'],
    edits: [
      {
        file: 'cancel/cancel-message.ts',
        find: 'mark, ...outboxActions(ledger, replacement)];',
        replace: 'mark];',
      },
      {
        file: 'cancel/cancel-message.ts',
        find: "    if (decision.kind === 'committed') {\n",
        replace:
          "    if (decision.kind === 'committed') {\n      if (replacement) await commit(environment, outboxActions(ledger, replacement), by);\n",
      },
    ],
  },
  {
    name: 'hold-that-is-early',
    mistake: 'a consumer goes on as soon as the moment is less than a second ahead',
    by: ['delayed'],
    edits: [
      {
        file: 'consume/deliver.ts',
        find: 'await holdUntil(environment, deliverAt);',
        replace: 'await holdUntil(environment, deliverAt - 1_000);',
      },
    ],
  },
  {
    name: 'seconds-rounded-up',
    mistake: 'a delay of 4.2 s is one of 6 s',
    by: ['delayed'],
    edits: [
      {
        file: 'message/delivery-time.ts',
        find: 'return Math.max(0, Math.floor((moment - now) / 1000));',
        replace: 'return moment > now ? 20 + Math.ceil((moment - now) / 1000) : 0;',
      },
    ],
  },
  {
    name: 'sent-before-the-send',
    mistake: 'a row is marked as sent, and then the message is sent',
    by: ['handshake-sent', 'pending-healed'],
    edits: [
      {
        file: 'publish/send.ts',
        find: '    const failed = await handOver(',
        replace: `    await concurrently(MARKS_AT_ONCE, places, (place) =>
      markSent(ledger, (envelopes[place] as Envelope).id, until),
    );
    const failed = await handOver(`,
      },
    ],
  },
  {
    name: 'sent-before-stored',
    mistake: 'a handshake gives the message to the broker while its row is written',
    by: ['handshake-sent', 'crash-before', 'request-lost'],
    edits: [
      {
        file: 'publish/send.ts',
        find: '  const rows = messages.map((message) => ({ ...outboxRow(message, ',
        replace: `  await handOver(environment, bindings, messages, until, jitter);
  const rows = messages.map((message) => ({ ...outboxRow(message, `,
      },
    ],
  },
  {
    name: 'pending-is-failed',
    mistake: 'a receipt says sent, whatever is known of the row',
    by: ['request-lost', 'crash-before', 'error-before', 'denied'],
    edits: [
      {
        file: 'publish/send.ts',
        find: "const states = messages.map((): SendReceipt['state'] => 'unknown');",
        replace: "const states = messages.map((): SendReceipt['state'] => 'pending');",
      },
    ],
  },
];
