import type { PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { cutReceipts, readReceipt, type Sent } from '../../lib/ledger/receipt.ts';
import { halfKey } from '../../lib/ledger/rows/half.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import type { ReceiptRow } from '../../lib/ledger/rows/receipt.ts';
import { expected, type Route, routeKey, routePartition } from '../../lib/ledger/rows/route.ts';
import { createEnvelope, decodeEnvelope, type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { createRelay } from '../../lib/relay/relay.ts';
import { type Answers, awsError, FAKE_NOW, type FakeEnvironment, fakeEnvironment } from '../aws/fake-environment.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
  lifetime: '1h',
});

const { random } = fakeEnvironment({ seed: 7 });
const message = (orderId: string, now = FAKE_NOW - 1_000): Envelope =>
  createEnvelope(OrderPlaced, { orderId }, { now, random, shards: 16, ledger: 'ledger', publisher: 'shop' });
const messages = (count: number) => Array.from({ length: count }, (_, index) => message(`order-${index}`));

type StreamRecord = DynamoDBStreamEvent['Records'][number];
const inserted = (envelope: Envelope): StreamRecord => {
  const { pk, sk } = outboxKey(envelope.id);
  const Keys = { pk: { S: pk }, sk: { S: sk } };
  return { eventName: 'INSERT', dynamodb: { Keys, NewImage: { ...Keys, envelope: { S: encodeEnvelope(envelope) } } } };
};

const toQueue = (subscriber: string, rest: Partial<Route> = {}): Route => ({
  type: 'order.placed',
  subscriber,
  since: 0,
  destination: { kind: 'queue', url: `https://sqs/${subscriber}` },
  deadline: 60_000,
  businessLine: 'orders',
  ...rest,
});
const toStream = (subscriber: string, name: string, rest: Partial<Route> = {}): Route =>
  toQueue(subscriber, { destination: { kind: 'stream', name, retryQueueUrl: `https://sqs/${subscriber}` }, ...rest });

const routed = (routes: readonly Route[], answers: Answers = {}): FakeEnvironment =>
  fakeEnvironment({
    variables: { [BINDINGS.forwardQueueUrl]: 'https://sqs/forward' },
    answers: {
      Query: ({ ExpressionAttributeValues }) => ({
        Items: routes
          .filter(({ type }) => routePartition(type) === ExpressionAttributeValues?.[':pk']?.S)
          .map((route) => toItem({ ...routeKey(route.type, route.subscriber), ...route })),
        ConsumedCapacity: { CapacityUnits: 1 },
      }),
      ...answers,
    },
  });

const run = (environment: FakeEnvironment, records: readonly StreamRecord[], relay = createRelay()) =>
  relay({ Records: [...records] }, { [ENVIRONMENT]: environment });

/** `<queue or stream> <message id>` for each copy in a request. */
const copiesInQueues = (environment: FakeEnvironment) =>
  environment
    .inputs('SendMessageBatch')
    .flatMap(({ QueueUrl, Entries = [] }) =>
      Entries.map(({ MessageBody = '' }) => `${QueueUrl} ${decodeEnvelope(MessageBody).id}`),
    );
const copiesInStreams = (environment: FakeEnvironment) =>
  environment
    .inputs('PutRecords')
    .flatMap(({ StreamName, Records = [] }) =>
      Records.map(({ Data }) => `${StreamName} ${decodeEnvelope(Buffer.from(Data as Uint8Array).toString()).id}`),
    );

const receiptOf = ({ Item = {} }: PutItemCommandInput) => unmarshall(Item) as ReceiptRow;
/** The rows that were put, but for the one of the ledger's shard count. */
const puts = (environment: FakeEnvironment) =>
  environment.inputs('PutItem').filter(({ Item }) => Item?.pk?.S !== 'shards');
const receipts = (environment: FakeEnvironment) => puts(environment).flatMap((input) => readReceipt(receiptOf(input)));

const summary = (environment: FakeEnvironment) => environment.lines.find(({ message }) => message === 'relay')?.fields;

describe('the relay', () => {
  it('sends one copy to each queue and one to each stream, stamped, and writes a receipt', async () => {
    const environment = routed([toQueue('payment'), toStream('statistics', 'clicks'), toStream('fraud', 'clicks')]);
    const order = message('order-1');
    await run(environment, [inserted(order)]);

    expect(copiesInQueues(environment)).toEqual([`https://sqs/payment ${order.id}`]);
    expect(copiesInStreams(environment)).toEqual([`clicks ${order.id}`]);
    const [entry] = environment.inputs('SendMessageBatch')[0]!.Entries!;
    expect(decodeEnvelope(entry!.MessageBody!)).toEqual({ ...order, relayed: new Date(FAKE_NOW).toISOString() });
    expect(environment.inputs('PutRecords')[0]?.Records?.[0]?.PartitionKey).toBe('order-1');

    const [put] = puts(environment);
    expect(readReceipt(receiptOf(put!))).toEqual([
      { to: 'payment', ids: [order.id] },
      { to: 'clicks', ids: [order.id] },
    ]);
    expect(receiptOf(put!)).toMatchObject({
      pk: expect.stringMatching(/^relay#2026-11-23T08:14#\d+$/),
      ttl: (FAKE_NOW + 17 * 86_400_000) / 1000,
    });
    expect(put).toMatchObject({ TableName: 'ledger', ReturnConsumedCapacity: 'TOTAL' });
    expect(summary(environment)).toEqual({
      records: 1,
      relayed: 1,
      copies: 2,
      receipts: 1,
      calls: { Query: 1, SendMessageBatch: 1, PutRecords: 1, PutItem: 2 },
      readUnits: 1,
      writeUnits: 2,
      milliseconds: 0,
    });
  });

  it('hands the trace on to whoever traces SQS', async () => {
    const environment = routed([toQueue('payment')]);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await run(environment, [inserted({ ...message('order-1'), traceparent })]);
    expect(environment.inputs('SendMessageBatch')[0]?.Entries?.[0]?.MessageSystemAttributes).toEqual({
      AWSTraceHeader: {
        DataType: 'String',
        StringValue: 'Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1',
      },
    });
  });

  it('needs on full batches no more calls than 0.1 a message and queue, 0.002 a stream, 0.02 receipts, and one query', async () => {
    const environment = routed([toQueue('payment'), toQueue('stock'), toStream('statistics', 'clicks')]);
    await run(environment, messages(500).map(inserted));
    const { calls } = environment.usage;
    expect(calls.SendMessageBatch).toBeLessThanOrEqual(0.1 * 500 * 2);
    expect(calls.PutRecords).toBeLessThanOrEqual(0.002 * 500);
    expect(calls.PutItem).toBeLessThanOrEqual(0.02 * 500);
    expect(calls.Query).toBe(1);
    expect(new Set([...copiesInQueues(environment), ...copiesInStreams(environment)]).size).toBe(1_500);
  });

  it('asks for the routes once for a backlog, and anew in a new process only', async () => {
    const environment = routed([toQueue('payment')]);
    const relay = createRelay();
    for (let batch = 0; batch < 5; batch++) await run(environment, messages(10).map(inserted), relay);
    expect(environment.inputs('Query')).toHaveLength(1);
    await run(environment, messages(10).map(inserted), createRelay());
    expect(environment.inputs('Query')).toHaveLength(2);
  });

  it('writes the greatest shard count once a process, and again when an id exceeds it', async () => {
    const environment = routed([toQueue('payment')]);
    const relay = createRelay();
    const mint = (shards: number) =>
      createEnvelope(
        OrderPlaced,
        { orderId: 'order-1' },
        { now: FAKE_NOW - 1_000, random, shards, ledger: 'ledger', publisher: 'shop' },
      );
    for (const shards of [16, 8, 16, 64, 64, 16]) await run(environment, [inserted(mint(shards))], relay);
    const written = environment.inputs('PutItem').filter(({ Item }) => Item?.pk?.S === 'shards');
    expect(written.map(({ Item = {}, ConditionExpression }) => [unmarshall(Item), ConditionExpression])).toEqual(
      [16, 64].map((shards) => [
        { pk: 'shards', sk: 'greatest', shards },
        'attribute_not_exists(shards) OR shards < :shards',
      ]),
    );
  });

  it('sends nothing before the shard count is written: the batch comes again, and nobody has a copy too many', async () => {
    const environment = routed([toQueue('payment')], {
      PutItem: () => {
        throw awsError('ProvisionedThroughputExceededException');
      },
    });
    await expect(run(environment, messages(1).map(inserted))).rejects.toThrow('ProvisionedThroughputExceededException');
    expect(copiesInQueues(environment)).toEqual([]);
  });

  it('takes nothing but inserted outbox rows', async () => {
    const environment = routed([toQueue('payment')]);
    const record = inserted(message('order-1'));
    const receipt = { ...record, dynamodb: { ...record.dynamodb, Keys: { pk: { S: 'relay#2026' }, sk: { S: 'x' } } } };
    await run(environment, [{ ...record, eventName: 'REMOVE' }, { ...record, eventName: 'MODIFY' }, receipt, {}]);
    expect(environment.calls).toEqual([]);
    expect(summary(environment)).toMatchObject({ records: 4, ignored: 4 });
  });

  it('passes over what its producer sends itself', async () => {
    const environment = routed([toQueue('payment')]);
    const record = inserted(message('order-1'));
    const image = { ...record.dynamodb?.NewImage, sending: { S: 'pending' } };
    await run(environment, [{ ...record, dynamodb: { ...record.dynamodb, NewImage: image } }]);
    expect([copiesInQueues(environment), puts(environment)]).toEqual([[], []]);
    expect(summary(environment)).toMatchObject({ records: 1, ignored: 1 });
  });

  it('does not send what has expired or what nobody expects', async () => {
    const environment = routed([toQueue('payment', { since: FAKE_NOW - 500 })]);
    const expiring = message('old', FAKE_NOW - 3_600_000);
    await run(environment, [expiring, message('before'), message('after', FAKE_NOW - 500)].map(inserted));
    expect(copiesInQueues(environment)).toHaveLength(1);
    expect(summary(environment)).toMatchObject({ expired: 1, unrouted: 1, relayed: 1, copies: 1 });
  });

  it('is not held up by a row that is no message: it names the row and goes on', async () => {
    const environment = routed([toQueue('payment')]);
    const good = message('order-1');
    const secret = inserted(message('secret'));
    const keys = secret.dynamodb!.Keys!;
    const broken = [
      { ...secret, dynamodb: { Keys: keys, NewImage: { envelope: { S: '{"credit card": 4111' } } } },
      { ...secret, dynamodb: { Keys: keys } },
      { ...secret, dynamodb: { Keys: keys, NewImage: inserted(good).dynamodb!.NewImage! } },
    ];
    await run(environment, [...broken, inserted(good)]);
    expect(copiesInQueues(environment)).toEqual([`https://sqs/payment ${good.id}`]);
    expect(summary(environment)).toMatchObject({ corrupt: 3, relayed: 1 });
    const errors = environment.lines.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(3);
    expect(errors[0]?.fields).toEqual({ pk: keys.pk!.S, sk: keys.sk!.S, reason: 'malformed-message' });
    expect(JSON.stringify(environment.lines)).not.toContain('4111');
  });

  it('hands what a destination refuses over to the forward queue, for it alone, and asks for the routes again', async () => {
    const environment = routed([toQueue('payment'), toQueue('gone'), toStream('statistics', 'clicks')], {
      SendMessageBatch: ({ QueueUrl, Entries = [] }) => {
        if (QueueUrl?.endsWith('gone')) throw awsError('QueueDoesNotExist');
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
      },
      PutRecords: ({ Records = [] }) => ({
        Records: Records.map((_, index) =>
          index === 0 ? { ErrorCode: 'ProvisionedThroughputExceededException' } : { SequenceNumber: '1' },
        ),
      }),
    });
    const relay = createRelay();
    const orders = messages(3);
    await run(environment, orders.map(inserted), relay);
    const ids = orders.map(({ id }) => id);
    const [first, ...others] = ids as [string, ...string[]];
    expect(receipts(environment)).toEqual([
      { to: 'payment', ids },
      { to: 'clicks', ids: others },
    ]);
    const forwarded = environment
      .inputs('SendMessageBatch')
      .filter(({ QueueUrl }) => QueueUrl?.endsWith('forward'))
      .flatMap(({ Entries = [] }) => Entries)
      .map(({ MessageBody = '', MessageAttributes = {} }) => [
        decodeEnvelope(MessageBody).id,
        Object.entries(MessageAttributes).map(([name, { StringValue }]) => `${name}: ${StringValue}`),
      ]);
    expect(forwarded).toEqual([
      ...ids.map((id) => [id, ['waybill-subscriber: gone']]),
      [first, ['waybill-stream: clicks']],
    ]);
    expect(summary(environment)).toMatchObject({ relayed: 3, copies: 5, handedOver: 4 });
    expect(environment.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)).toEqual([
      { to: 'gone', copies: 3, error: 'QueueDoesNotExist' },
      { to: 'clicks', copies: 1, error: 'ProvisionedThroughputExceededException' },
    ]);
    await run(environment, orders.map(inserted), relay);
    expect(environment.inputs('Query')).toHaveLength(2);
  });

  it('throws when the forward queue does not take them either, and writes no receipt', async () => {
    const environment = routed([toQueue('payment'), toQueue('gone')], {
      SendMessageBatch: ({ QueueUrl, Entries = [] }) => {
        if (!QueueUrl?.endsWith('payment')) throw awsError('KmsDisabled');
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
      },
    });
    await expect(run(environment, messages(3).map(inserted))).rejects.toMatchObject({
      code: 'send-failed',
      message:
        "Not sent: 3 copies to 'gone' (KmsDisabled). Of them 3 were not put into the forward queue either " +
        '(KmsDisabled). The batch comes again',
    });
    expect(puts(environment)).toEqual([]);
    expect(summary(environment)).toMatchObject({ failed: 'send-failed', relayed: 3 });
  });

  it('does not wait for a destination that has refused, until it takes copies again', async () => {
    let refuses = true;
    const tries: number[] = [];
    const environment = routed([toQueue('sick')], {
      SendMessageBatch: ({ QueueUrl, Entries = [] }) => {
        if (QueueUrl?.endsWith('sick')) tries.push(environment.now());
        if (QueueUrl?.endsWith('sick') && refuses) throw awsError('RequestThrottled', 'server');
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
      },
    });
    const relay = createRelay();
    const triesOfABatch = async () => {
      tries.length = 0;
      await run(environment, messages(3).map(inserted), relay);
      return tries.length;
    };
    expect(await triesOfABatch()).toBe(4);
    expect(await triesOfABatch()).toBe(1);
    refuses = false;
    expect(await triesOfABatch()).toBe(1);
    refuses = true;
    expect(await triesOfABatch()).toBe(4);
    await environment.sleep(60_000);
    expect(await triesOfABatch()).toBe(4);
  });

  it('is not held up by the queue of a subscriber that has been removed', async () => {
    const environment = routed([toQueue('payment'), toQueue('gone', { until: FAKE_NOW - 500 })], {
      SendMessageBatch: ({ QueueUrl, Entries = [] }) => {
        if (QueueUrl?.endsWith('gone')) throw awsError('QueueDoesNotExist');
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
      },
    });
    await run(environment, messages(3).map(inserted));
    expect(receipts(environment)).toEqual([{ to: 'payment', ids: expect.any(Array) }]);
    expect(summary(environment)).toMatchObject({ copies: 3, removed: 3 });
  });

  it('tries the queue of a removed subscriber again as long as it may be there', async () => {
    const environment = routed([toQueue('leaving', { until: FAKE_NOW - 500 })], {
      SendMessageBatch: ({ QueueUrl, Entries = [] }) => {
        if (QueueUrl?.endsWith('leaving')) throw awsError('InternalFailure', 'server');
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
      },
    });
    await run(environment, messages(3).map(inserted));
    expect(summary(environment)).toMatchObject({ handedOver: 3 });
  });

  it('throws when the receipt cannot be written, or the routes cannot be read', async () => {
    const refuse = () => {
      throw awsError('ProvisionedThroughputExceededException');
    };
    const records = messages(1).map(inserted);
    const receiptless = routed([toQueue('payment')], {
      PutItem: ({ Item }) => (Item?.pk?.S === 'shards' ? {} : refuse()),
    });
    await expect(run(receiptless, records)).rejects.toThrow('ProvisionedThroughputExceededException');
    const routeless = routed([], { Query: refuse });
    await expect(run(routeless, records)).rejects.toThrow('ProvisionedThroughputExceededException');
    expect(copiesInQueues(routeless)).toEqual([]);
  });

  it('sends every expected copy or hands it over, and nothing else, or throws, whatever the routes and the failures', async () => {
    const time = fc.integer({ min: FAKE_NOW - 4_000, max: FAKE_NOW });
    const route = (subscriber: string) =>
      fc.record({
        destination: fc.constantFrom(
          { kind: 'queue' as const, url: `https://sqs/${subscriber}` },
          { kind: 'stream' as const, name: 'clicks', retryQueueUrl: 'https://sqs/retry' },
          { kind: 'stream' as const, name: 'views', retryQueueUrl: 'https://sqs/retry' },
        ),
        since: fc.oneof(fc.constant(0), time),
        until: fc.option(time, { nil: undefined }),
      });
    const scenario = fc.record({
      routes: fc.tuple(...['payment', 'stock', 'statistics', 'fraud'].map(route)),
      times: fc.array(time, { maxLength: 40 }),
      // Of each copy, how often it fails before it is taken.
      failures: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 50 }),
      failing: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ routes: given, times, failures, failing }) => {
        const routes = given.map((rest, index) => toQueue(['payment', 'stock', 'statistics', 'fraud'][index]!, rest));
        const orders = times.map((now, index) => message(`order-${index}`, now));
        const taken = new Set<string>();
        const handedOver = new Set<string>();
        const tries = new Map<string, number>();
        const take = (where: string, text: string) => {
          const copy = `${where} ${decodeEnvelope(text).id}`;
          if (!tries.has(copy)) tries.set(copy, failing ? failures[tries.size % failures.length]! : 0);
          const left = tries.get(copy)!;
          tries.set(copy, left - 1);
          if (left <= 0 && !where.startsWith('forward')) taken.add(copy);
          return left <= 0;
        };
        const environment = routed(routes, {
          SendMessageBatch: ({ QueueUrl = '', Entries = [] }) => {
            const results = Entries.map(({ Id, MessageBody = '', MessageAttributes = {} }) => {
              const [label] = Object.values(MessageAttributes);
              const isTaken = take(label ? `forward ${label.StringValue}` : QueueUrl, MessageBody);
              if (label && isTaken) handedOver.add(`${label.StringValue} ${decodeEnvelope(MessageBody).id}`);
              return { Id, taken: isTaken };
            });
            return {
              Successful: results
                .filter((result) => result.taken)
                .map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })),
              Failed: results
                .filter((result) => !result.taken)
                .map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
            };
          },
          PutRecords: ({ StreamName = '', Records = [] }) => ({
            Records: Records.map(({ Data }) =>
              take(StreamName, Buffer.from(Data as Uint8Array).toString())
                ? { SequenceNumber: '1', ShardId: 'shardId-0' }
                : { ErrorCode: 'InternalFailure' },
            ),
          }),
        });
        const wanted = new Set<string>();
        const shipped = new Set<string>();
        for (const { id } of orders) {
          for (const { destination, subscriber } of expected(id, routes)) {
            wanted.add(`${destination.kind === 'queue' ? destination.url : destination.name} ${id}`);
            shipped.add(`${destination.kind === 'queue' ? subscriber : destination.name} ${id}`);
          }
        }
        const result = await run(environment, orders.map(inserted)).then(
          () => 'done',
          (error: { code: string }) => error.code,
        );
        expect([...taken].filter((copy) => !wanted.has(copy))).toEqual([]);
        const named = receipts(environment).flatMap(({ to, ids }) => ids.map((id) => `${to} ${id}`));
        if (result === 'done') {
          expect(taken.size + handedOver.size).toBe(wanted.size);
          expect([...named, ...handedOver].sort()).toEqual([...shipped].sort());
        } else {
          expect(result).toBe('send-failed');
          expect(taken.size).toBeLessThan(wanted.size);
          expect(named).toEqual([]);
        }
      }),
    );
  });
});

describe('of a half message', () => {
  const half = (queue?: string): StreamRecord => {
    const { pk, sk } = halfKey(message('half').id);
    const Keys = { pk: { S: pk }, sk: { S: sk } };
    return {
      eventName: 'INSERT',
      dynamodb: { Keys, NewImage: { ...Keys, ...(queue && { checkBackQueue: { S: queue } }) } },
    };
  };
  const idOf = ({ dynamodb }: StreamRecord) => dynamodb?.Keys?.sk?.S;

  it('the producer is asked after 6 s, by one request for each ten of a queue', async () => {
    const environment = routed([]);
    const halves = Array.from({ length: 12 }, () => half('https://sqs/bank'));
    await run(environment, [...halves, half('https://sqs/shop')]);
    const requests = environment.inputs('SendMessageBatch');
    expect(requests.map(({ QueueUrl, Entries }) => [QueueUrl, Entries?.length]).sort()).toEqual([
      ['https://sqs/bank', 10],
      ['https://sqs/bank', 2],
      ['https://sqs/shop', 1],
    ]);
    const ofBank = requests
      .filter(({ QueueUrl }) => QueueUrl === 'https://sqs/bank')
      .flatMap(({ Entries = [] }) => Entries);
    expect(ofBank.map(({ MessageBody, DelaySeconds }) => [MessageBody, DelaySeconds])).toEqual(
      halves.map((record) => [JSON.stringify({ half: idOf(record) }), 6]),
    );
    expect(environment.usage.calls).toEqual({ PutItem: 1, SendMessageBatch: 3 });
    expect(summary(environment)).toMatchObject({ asked: 13 });
  });

  it('nobody is asked again when it is decided', async () => {
    const environment = routed([]);
    await run(environment, [{ ...half('https://sqs/bank'), eventName: 'MODIFY' }]);
    expect(environment.calls).toEqual([]);
  });

  it('whose producer has gone, or that names no queue, the messages of others are not held up', async () => {
    const environment = routed([toQueue('payment')], {
      SendMessageBatch: ({ QueueUrl, Entries = [] }) => {
        if (QueueUrl?.endsWith('gone')) throw awsError('QueueDoesNotExist');
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
      },
    });
    const order = message('order-1');
    const gone = half('https://sqs/gone');
    await run(environment, [gone, half(), inserted(order)]);
    const [toPayment, ...others] = environment
      .inputs('SendMessageBatch')
      .filter(({ QueueUrl }) => QueueUrl?.endsWith('payment'));
    expect([toPayment?.Entries?.length, others]).toEqual([1, []]);
    expect(summary(environment)).toMatchObject({ unasked: 1, corrupt: 1, relayed: 1 });
    expect(environment.lines.find((line) => line.message === 'no check-back')?.fields).toMatchObject({
      half: idOf(gone),
      queue: 'https://sqs/gone',
    });
  });

  it('whose producer cannot be asked now, the messages of others do not come again: reconciliation asks', async () => {
    const environment = routed([toQueue('payment')], {
      SendMessageBatch: ({ QueueUrl, Entries = [] }) => {
        if (QueueUrl?.endsWith('bank')) throw awsError('KmsDisabled');
        return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
      },
    });
    const prepared = half('https://sqs/bank');
    await run(environment, [prepared, inserted(message('order-1'))]);
    expect(summary(environment)).toMatchObject({ askedLater: 1, relayed: 1, copies: 1 });
    expect(environment.lines.find((line) => line.message === 'check-back later')?.fields).toEqual({
      half: idOf(prepared),
      reason: 'KmsDisabled',
    });
  });
});

describe('receipts', () => {
  it('are cut into rows that fit, and lose, double and reorder nothing', () => {
    const ids = fc.array(fc.constantFrom(...messages(5).map(({ id }) => id)), { maxLength: 60 });
    const sent = fc.array(fc.record({ to: fc.stringMatching(/^[a-z-]{1,48}$/), ids }), { maxLength: 6 });
    fc.assert(
      fc.property(sent, (given) => {
        const parts = cutReceipts(given, 300);
        const flat = (all: readonly Sent[]) => all.flatMap(({ to, ids }) => ids.map((id) => `${to} ${id}`));
        expect(flat(parts.flat())).toEqual(flat(given));
        for (const part of parts) {
          const bytes = part.reduce((sum, { to, ids }) => sum + to.length + 64 + 16 * ids.length, 0);
          expect(bytes).toBeLessThanOrEqual(300);
        }
      }),
    );
  });

  it('of 10,000 messages for five subscribers stay below what DynamoDB takes', async () => {
    const names = ['payment', 'stock', 'statistics', 'fraud', 'shipping'];
    const environment = routed(names.map((name) => toQueue(name)));
    await run(environment, messages(10_000).map(inserted));
    const rows = puts(environment);
    expect(rows).toHaveLength(3);
    for (const { Item } of rows) {
      const bytes = (Item?.sent?.L ?? []).reduce((sum, { M }) => sum + (M?.ids?.B?.byteLength ?? 0), 0);
      expect(bytes).toBeLessThan(380_000);
    }
    expect(receipts(environment).flatMap(({ ids }) => ids)).toHaveLength(50_000);
  });
});
