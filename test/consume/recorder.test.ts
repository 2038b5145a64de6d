import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { createRecorder } from '../../lib/consume/recorder.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { deadKey } from '../../lib/ledger/rows/dead.ts';
import { type EndState, type InboxRow, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { createEnvelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { type Answers, awsError, FAKE_NOW, type FakeEnvironment, fakeEnvironment } from '../aws/fake-environment.ts';

const recorder = createRecorder();

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const context = {
  now: FAKE_NOW - 60_000,
  random: fakeEnvironment().random,
  shards: 16,
  ledger: 'ledger',
  publisher: 'x',
};
const envelope = createEnvelope(OrderPlaced, { orderId: 'order-1' }, context);

const given = (messageId: string, body: string, more: Partial<SQSRecord> = {}): SQSRecord => ({
  messageId,
  body,
  receiptHandle: 'handle',
  attributes: {
    ApproximateReceiveCount: '101',
    SentTimestamp: String(FAKE_NOW - 50_000),
    ApproximateFirstReceiveTimestamp: String(FAKE_NOW - 40_000),
    SenderId: 'relay',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:backstop',
  awsRegion: 'us-east-1',
  ...more,
});

const NONE = { Code: 'None' };

/** A ledger in which the message may have ended already. */
function backstop(row: Partial<InboxRow> = {}, answers: Answers = {}) {
  const { id } = envelope;
  let item = row.state && toItem({ ...inboxKey('payment', id), ...row });
  return fakeEnvironment({
    variables: {
      WAYBILL_SUBSCRIBER: 'payment',
      WAYBILL_DEAD_LETTER_QUEUE_URL: 'https://sqs/payment-dead',
      WAYBILL_QUARANTINE_BUCKET: 'quarantine',
    },
    answers: {
      PutItem: ({ Item, ConditionExpression = '' }) => {
        const overwrites = ConditionExpression.includes('OR') && item?.state?.S === 'dead';
        if (item && !overwrites) throw awsError('ConditionalCheckFailedException', 'client', { Item: item });
        if (Item?.pk?.S?.startsWith('in#')) item = Item;
        return {};
      },
      TransactWriteItems: ({ TransactItems = [] }) => {
        const [inbox] = TransactItems.map(({ Put }) => Put);
        const overwrites = inbox?.ConditionExpression?.includes('OR') && item?.state?.S === 'dead';
        if (item && !overwrites) {
          const reasons = [{ Code: 'ConditionalCheckFailed', Item: item }, ...TransactItems.slice(1).map(() => NONE)];
          throw awsError('TransactionCanceledException', 'client', { CancellationReasons: reasons });
        }
        item = inbox?.Item;
        return {};
      },
      GetItem: () => ({ Item: item }),
      ...answers,
    },
  });
}

const run = (environment: FakeEnvironment, records: SQSRecord[]) =>
  recorder({ Records: records }, {
    [ENVIRONMENT]: environment,
    functionName: 'recorder',
    awsRequestId: 'r-1',
  } as object);

const letters = (environment: FakeEnvironment) =>
  environment
    .inputs('SendMessageBatch')
    .flatMap(({ Entries = [] }) => Entries)
    .map((entry) => ({
      body: entry.MessageBody,
      reason: entry.MessageAttributes?.['waybill-reason']?.StringValue,
      messageId: entry.MessageAttributes?.['waybill-message-id']?.StringValue,
    }));

describe('the recorder', () => {
  it('records a message that SQS gave up as dead, and then sends its letter', async () => {
    const environment = backstop();
    const body = encodeEnvelope(envelope);
    expect(await run(environment, [given('sqs-1', body)])).toEqual({ batchItemFailures: [] });
    const [inbox, dead] = environment.inputs('TransactWriteItems').flatMap(({ TransactItems = [] }) => TransactItems);
    expect(unmarshall(inbox!.Put!.Item!)).toEqual({
      ...inboxKey('payment', envelope.id),
      state: 'dead',
      type: 'order.placed',
      hops: { committed: FAKE_NOW - 60_000, received: FAKE_NOW - 40_000, ended: FAKE_NOW },
      attempts: 101,
      reason: 'receives-exhausted',
      detail: 'SQS gave the message up: it was received 101 times and never ended',
      ended: { function: 'recorder', request: 'r-1' },
      ttl: (FAKE_NOW - 60_000) / 1000 + 17 * 86_400,
    });
    expect(unmarshall(dead!.Put!.Item!)).toMatchObject({
      ...deadKey('payment', { id: envelope.id, died: FAKE_NOW }, 16),
      reason: 'receives-exhausted',
      key: 'order-1',
      type: 'order.placed',
    });
    expect(letters(environment)).toEqual([{ body, reason: 'receives-exhausted', messageId: envelope.id }]);
    const operations = environment.calls.map(({ operation }) => operation);
    expect(operations.indexOf('TransactWriteItems')).toBeLessThan(operations.indexOf('SendMessageBatch'));
    expect(environment.lines.at(-1)).toMatchObject({ message: 'recorder', fields: { records: 1, dead: 1 } });
  });

  it('takes a message for received now of which SQS does not say when', async () => {
    const environment = backstop();
    const record = given('sqs-1', encodeEnvelope(envelope));
    const attributes = { ...record.attributes, ApproximateFirstReceiveTimestamp: '' };
    await run(environment, [{ ...record, attributes }]);
    const [inbox] = environment.inputs('TransactWriteItems').flatMap(({ TransactItems = [] }) => TransactItems);
    expect(unmarshall(inbox!.Put!.Item!).hops).toMatchObject({ received: FAKE_NOW });
  });

  it.each(['handled', 'duplicate'] satisfies EndState[])(
    'acknowledges a message that was %s after all',
    async (state) => {
      const environment = backstop({ state });
      expect(await run(environment, [given('sqs-1', encodeEnvelope(envelope))])).toEqual({ batchItemFailures: [] });
      expect(letters(environment)).toEqual([]);
      expect(environment.lines.at(-1)?.fields).toMatchObject({ already: 1 });
    },
  );

  it('sends the letter of a message that was dead before, with the reason of then', async () => {
    const environment = backstop({ state: 'dead', reason: 'rejected', detail: 'refunded' });
    await run(environment, [given('sqs-1', encodeEnvelope(envelope))]);
    expect(letters(environment)).toMatchObject([{ reason: 'rejected', messageId: envelope.id }]);
  });

  it('ends a redriven message again, with the new reason', async () => {
    const hops = { committed: FAKE_NOW - 60_000, received: FAKE_NOW - 9_000, ended: FAKE_NOW - 8_000 };
    const environment = backstop({ state: 'dead', reason: 'rejected', detail: 'refunded', hops });
    const messageAttributes = { 'waybill-reason': { dataType: 'String', stringValue: 'rejected' } };
    await run(environment, [given('sqs-1', encodeEnvelope(envelope), { messageAttributes })]);
    expect(letters(environment)).toMatchObject([{ reason: 'receives-exhausted' }]);
  });

  it('sends the letter of bytes that are no envelope, which have no inbox row', async () => {
    const environment = backstop();
    expect(await run(environment, [given('sqs-1', 'no json')])).toEqual({ batchItemFailures: [] });
    const rows = environment.inputs('PutItem').map(({ Item }) => unmarshall(Item!));
    const sent = new Date(FAKE_NOW - 50_000).toISOString();
    expect(rows).toMatchObject([
      { pk: expect.stringContaining('dead#payment#'), sk: expect.stringContaining(sent), reason: 'receives-exhausted' },
    ]);
    expect(letters(environment)).toEqual([{ body: 'no json', reason: 'receives-exhausted', messageId: undefined }]);
  });

  it('reports the records whose row or letter could not be written, and no others', async () => {
    const rowless = backstop(
      {},
      {
        TransactWriteItems: () => {
          throw awsError('ProvisionedThroughputExceededException');
        },
      },
    );
    const records = [given('sqs-1', encodeEnvelope(envelope)), given('sqs-2', 'no json')];
    expect(await run(rowless, records)).toEqual({ batchItemFailures: [{ itemIdentifier: 'sqs-1' }] });
    expect(letters(rowless)).toMatchObject([{ body: 'no json' }]);

    const letterless = backstop(
      {},
      {
        SendMessageBatch: ({ Entries = [] }) => ({
          Successful: Entries.filter(({ MessageBody }) => MessageBody === 'no json').map(({ Id }) => ({
            Id,
            MessageId: 'sent',
            MD5OfMessageBody: '',
          })),
        }),
      },
    );
    expect(await run(letterless, records)).toEqual({ batchItemFailures: [{ itemIdentifier: 'sqs-1' }] });
    expect(letterless.lines.at(-1)?.fields).toMatchObject({ records: 2, dead: 1, again: 1 });
  });

  it('says what is missing when it was not deployed as a recorder', async () => {
    const unbound = { [ENVIRONMENT]: fakeEnvironment() } as object;
    await expect(recorder({ Records: [] }, unbound)).rejects.toMatchObject({ code: 'missing-binding' });
    await expect(recorder({} as SQSEvent, { [ENVIRONMENT]: backstop() } as object)).rejects.toMatchObject({
      code: 'malformed-message',
    });
  });
});
