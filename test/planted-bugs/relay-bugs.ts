import type { Bug } from './bug.ts';

/** Mistakes in how messages are sent. */
export const relayBugs: readonly Bug[] = [
  {
    name: 'partial-failure-of-sqs-swallowed',
    mistake: 'entries that SendMessageBatch reports as failed count as sent',
    edits: [
      {
        file: 'aws/send-batch.ts',
        find: 'if (sent.has(String(place))) return undefined;',
        replace: 'if (sent) return undefined;',
      },
    ],
  },
  {
    name: 'partial-failure-of-kinesis-swallowed',
    rare: true,
    mistake: 'records that PutRecords reports as failed count as put',
    edits: [
      {
        file: 'aws/send-batch.ts',
        find: 'if (!result.ErrorCode) return undefined;',
        replace: 'if (result) return undefined;',
      },
    ],
  },
  {
    name: 'relay-does-not-throw',
    by: ['throttle', 'denied'],
    mistake: 'the relay drops the copies that could not be sent',
    edits: [
      {
        file: 'relay/dispatch.ts',
        find: "if (!only) counts.add('handedOver', await handOver(environment, refusals));",
        replace: 'void handOver;',
      },
    ],
  },
  {
    name: 'no-bulkhead',
    by: ['refuses'],
    mistake: 'one destination that refuses has the batch come again for all of them',
    edits: [
      {
        file: 'relay/dispatch.ts',
        find: "if (!only) counts.add('handedOver', await handOver(environment, refusals));",
        replace: "if (!only && refusals.length > 0) throw new SendFailed('The batch comes again');",
      },
    ],
  },
  {
    name: 'receipt-before-send',
    mistake: 'the receipt is written before anything is sent',
    edits: [
      {
        file: 'relay/dispatch.ts',
        find: 'const delivered = await concurrently(',
        replace: `await writeReceipts(
    ledger,
    shipments.map(({ to, envelopes: some }) => ({ to, ids: some.map(({ id }) => id) })),
  );
  const delivered = await concurrently(`,
      },
    ],
  },
  {
    name: 'no-receipt',
    mistake: 'nothing is written of what was sent',
    edits: [
      {
        file: 'ledger/receipt.ts',
        find: 'const parts = cutReceipts(sent);',
        replace: 'const parts = cutReceipts(sent).slice(1);',
      },
    ],
  },
  {
    name: 'wakes-on-its-receipts',
    mistake: 'the event source of the relay has no filter, and the relay answers every batch with a receipt',
    edits: [
      {
        file: 'testing/stack/function.ts',
        find: "filters: [{ eventName: ['INSERT'], dynamodb: { Keys: { pk } } }],",
        replace: '',
      },
      {
        file: 'ledger/receipt.ts',
        find: 'const parts = cutReceipts(sent);',
        replace: 'const parts = sent.some(({ ids }) => ids.length > 0) ? cutReceipts(sent) : [[]];',
      },
    ],
  },
  {
    name: 'first-route-only',
    mistake: 'a message goes to the first of its subscribers',
    edits: [
      {
        file: 'relay/dispatch.ts',
        find: 'of routes[index] ?? []) {',
        replace: 'of (routes[index] ?? []).slice(0, 1)) {',
      },
    ],
  },
  {
    name: 'corrupt-trace',
    mistake: 'every message begins a trace of its own',
    edits: [
      {
        file: 'message/envelope.ts',
        find: 'correlationid: cause?.correlationid ?? id,',
        replace: 'correlationid: id,',
      },
    ],
  },
];
