import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { readReceipt, SCHEDULE } from '../../lib/ledger/receipt.ts';
import { RouteBook } from '../../lib/ledger/route-book.ts';
import { dueKey } from '../../lib/ledger/rows/due.ts';
import { type Route, routeKey } from '../../lib/ledger/rows/route.ts';
import { createEnvelope, decodeEnvelope, type Envelope } from '../../lib/message/envelope.ts';
import { type DispatchOptions, dispatch } from '../../lib/relay/dispatch.ts';
import { type Answers, awsError, FAKE_NOW, type FakeEnvironment, fakeEnvironment } from '../aws/fake-environment.ts';
import { OfferEnds } from './sending-world.ts';

const { random } = fakeEnvironment({ seed: 7 });
/** A message that was committed a second ago. */
const message = (deliverAt?: number): Envelope =>
  createEnvelope(
    OfferEnds,
    { offerId: '1' },
    { now: FAKE_NOW - 1_000, random, shards: 16, ledger: 'ledger', publisher: 'shop', deliverAt },
  );
/** Messages that are due after so many milliseconds. */
const dueAfter = (...delays: readonly number[]) => delays.map((delay) => message(FAKE_NOW + delay));

const route = (subscriber: string, destination: Route['destination']): Route => ({
  type: 'offer.ends',
  subscriber,
  since: 0,
  destination,
  deadline: 60_000,
  businessLine: 'offers',
});
const QUEUE = route('close-offer', { kind: 'queue', url: 'https://sqs/close-offer' });
const STREAM = route('count-offers', { kind: 'stream', name: 'offers', retryQueueUrl: 'https://sqs/count-offers' });
const VIEWS = route('count-views', { kind: 'stream', name: 'views', retryQueueUrl: 'https://sqs/count-views' });

const SCHEDULES = {
  [BINDINGS.scheduleGroup]: 'offers',
  [BINDINGS.forwardQueueArn]: 'arn:forward',
  [BINDINGS.scheduleRoleArn]: 'arn:role',
  [BINDINGS.scheduleDeadLetterQueueArn]: 'arn:dead',
};

function ledgerWith(routes: readonly Route[], answers: Answers = {}, variables: Record<string, string> = {}) {
  return fakeEnvironment({
    variables: { [BINDINGS.forwardQueueUrl]: 'https://sqs/forward', ...variables },
    answers: {
      Query: () => ({ Items: routes.map((one) => toItem({ ...routeKey(one.type, one.subscriber), ...one })) }),
      ...answers,
    },
  });
}

async function send(environment: FakeEnvironment, envelopes: readonly Envelope[], options?: DispatchOptions) {
  const counts: Record<string, number> = {};
  const add = (name: string, by = 1) => {
    if (by !== 0) counts[name] = (counts[name] ?? 0) + by;
  };
  const ledger = ledgerOf(environment);
  await dispatch(ledger, new RouteBook(ledger), envelopes, { add }, options);
  return counts;
}

const operations = ({ calls }: FakeEnvironment) => calls.map(({ operation }) => operation);
const entries = (environment: FakeEnvironment) =>
  environment.inputs('SendMessageBatch').flatMap(({ QueueUrl = '', Entries = [] }) =>
    Entries.map(({ MessageBody = '', DelaySeconds, MessageAttributes }) => ({
      queue: QueueUrl.split('/').at(-1),
      id: decodeEnvelope(MessageBody).id,
      delay: DelaySeconds,
      ...(MessageAttributes && { stream: MessageAttributes['waybill-stream']?.StringValue }),
    })),
  );
const receipts = (environment: FakeEnvironment) =>
  environment.inputs('PutItem').flatMap(({ Item = {} }) => readReceipt(unmarshall(Item) as never));
const dueRows = (environment: FakeEnvironment) =>
  environment
    .inputs('BatchWriteItem')
    .flatMap(({ RequestItems }) => RequestItems?.ledger?.map(({ PutRequest }) => unmarshall(PutRequest?.Item ?? {})));

describe('a message that is due', () => {
  it('at once costs what it did before there were delays', async () => {
    const environment = ledgerWith([QUEUE, STREAM]);
    await send(environment, [message()]);
    expect(operations(environment).sort()).toEqual(['PutItem', 'PutRecords', 'Query', 'SendMessageBatch']);
    expect(entries(environment)).toMatchObject([{ queue: 'close-offer', delay: undefined }]);
  });

  it('within 15 minutes waits in the queue for the whole seconds that remain, rounded down', async () => {
    const environment = ledgerWith([QUEUE]);
    const counts = await send(environment, dueAfter(-5_000, 0, 999, 1_000, 1_999, 59_500, 899_999, 900_000));
    expect(entries(environment).map(({ delay }) => delay)).toEqual([
      undefined,
      undefined,
      undefined,
      1,
      1,
      59,
      899,
      900,
    ]);
    expect(operations(environment)).toEqual(['Query', 'SendMessageBatch', 'PutItem']);
    expect(counts).toEqual({ relayed: 8, copies: 8, receipts: 1 });
  });

  it('in more than 15 minutes is put to wait, once, and sent to nobody', async () => {
    const environment = ledgerWith([QUEUE, STREAM]);
    const far = dueAfter(900_001, 366 * 86_400_000);
    const counts = await send(environment, far);
    expect(operations(environment)).toEqual(['BatchWriteItem', 'PutItem']);
    expect(dueRows(environment)).toEqual(
      far.map((envelope) => ({
        ...dueKey(envelope.id, Date.parse(envelope.deliverat ?? '')),
        ttl: Math.ceil(Date.parse(envelope.expires) / 1000) + 3 * 86_400,
      })),
    );
    expect(receipts(environment)).toEqual([{ to: SCHEDULE, ids: far.map(({ id }) => id) }]);
    expect(counts).toEqual({ scheduled: 2, receipts: 1 });
  });

  it('soon, for a stream, waits in the forward queue, with one copy for each stream', async () => {
    const environment = ledgerWith([QUEUE, STREAM, VIEWS, { ...STREAM, subscriber: 'fraud' }]);
    const [soon, now] = dueAfter(90_700, 900) as [Envelope, Envelope];
    await send(environment, [soon, now]);
    expect(entries(environment).filter(({ queue }) => queue === 'forward')).toEqual([
      { queue: 'forward', id: soon.id, delay: 90, stream: 'offers' },
      { queue: 'forward', id: soon.id, delay: 90, stream: 'views' },
    ]);
    expect(
      environment.inputs('PutRecords').map(({ StreamName, Records = [] }) => [StreamName, Records.length]),
    ).toEqual([
      ['offers', 1],
      ['views', 1],
    ]);
    expect(receipts(environment)).toEqual([
      { to: 'close-offer', ids: [soon.id, now.id] },
      { to: 'offers', ids: [now.id] },
      { to: SCHEDULE, ids: [soon.id] },
      { to: 'views', ids: [now.id] },
      { to: SCHEDULE, ids: [soon.id] },
    ]);
  });

  it('goes into the stream that was asked for and nowhere else, when its copy has waited', async () => {
    const environment = ledgerWith([QUEUE, STREAM, VIEWS]);
    const counts = await send(environment, dueAfter(0), { only: { kind: 'stream', to: 'views' } });
    expect(operations(environment)).toEqual(['Query', 'PutRecords', 'PutItem']);
    expect(environment.inputs('PutRecords')[0]?.StreamName).toBe('views');
    expect(counts).toEqual({ relayed: 1, copies: 1, receipts: 1 });
  });

  it('after it expires is not sent', async () => {
    const environment = ledgerWith([QUEUE]);
    const expired = { ...message(), expires: new Date(FAKE_NOW).toISOString() };
    expect(await send(environment, [expired])).toEqual({ expired: 1 });
    expect(environment.calls).toEqual([]);
  });
});

describe('what is put to wait', () => {
  const far = (count: number) => dueAfter(...Array.from({ length: count }, (_, index) => 3_600_000 + index));

  it('needs a call for 25 messages, and one write unit each', async () => {
    const environment = ledgerWith([QUEUE]);
    await send(environment, far(500));
    expect(environment.usage.calls).toEqual({ BatchWriteItem: 20, PutItem: 1 });
    expect(environment.usage.writeUnits).toBe(501);
  });

  it('is written once where a queue delivered it twice in a batch', async () => {
    const environment = ledgerWith([QUEUE]);
    const [one] = far(1) as [Envelope];
    await send(environment, [one, { ...one }]);
    expect(dueRows(environment)).toHaveLength(1);
  });

  it('is asked for again where DynamoDB left it unprocessed, and only that', async () => {
    const environment = ledgerWith([QUEUE], {
      BatchWriteItem: ({ RequestItems = {} }, nth) => ({
        UnprocessedItems: { ledger: RequestItems.ledger?.slice(nth < 2 ? 1 : 99) ?? [] },
      }),
    });
    const three = far(3);
    await send(environment, three);
    expect(environment.inputs('BatchWriteItem').map(({ RequestItems }) => RequestItems?.ledger?.length)).toEqual([
      3, 2, 1,
    ]);
    expect(new Set(dueRows(environment).map((row) => row?.sk))).toHaveLength(3);
  });

  it('is no further than before when it cannot be written: the batch comes again, without a receipt', async () => {
    const environment = ledgerWith([QUEUE], {
      BatchWriteItem: () => {
        throw awsError('ProvisionedThroughputExceededException');
      },
    });
    await expect(send(environment, [...far(2), message()])).rejects.toMatchObject({
      code: 'send-failed',
      message: '2 messages could not be put to wait (ProvisionedThroughputExceededException)',
    });
    expect(receipts(environment)).toEqual([]);
  });
});

describe('where each message has a schedule of its own', () => {
  it('it fires two minutes early into the forward queue, deletes itself, and has a dead-letter queue', async () => {
    const environment = ledgerWith([QUEUE], {}, SCHEDULES);
    const [far] = dueAfter(3_600_900) as [Envelope];
    await send(environment, [far, message()]);
    expect(environment.inputs('CreateSchedule')).toEqual([
      {
        Name: far.id,
        GroupName: 'offers',
        ClientToken: far.id,
        ScheduleExpression: 'at(2026-11-23T09:12:00)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: 'arn:forward',
          RoleArn: 'arn:role',
          Input: JSON.stringify({ due: far.id }),
          DeadLetterConfig: { Arn: 'arn:dead' },
        },
      },
    ]);
    // Reconciliation reads it.
    expect(dueRows(environment)).toHaveLength(1);
  });

  it('a batch that comes again finds it there', async () => {
    const refuse = (name: string): Answers => ({
      CreateSchedule: () => {
        throw awsError(name);
      },
    });
    const there = ledgerWith([QUEUE], refuse('ConflictException'), SCHEDULES);
    expect(await send(there, dueAfter(3_600_000))).toMatchObject({ scheduled: 1, receipts: 1 });
    const throttled = ledgerWith([QUEUE], refuse('ThrottlingException'), SCHEDULES);
    await expect(send(throttled, dueAfter(3_600_000))).rejects.toMatchObject({ code: 'send-failed' });
    expect(receipts(throttled)).toEqual([]);
  });

  it('what is due at once or soon has none', async () => {
    const environment = ledgerWith([QUEUE], {}, SCHEDULES);
    await send(environment, [message(), ...dueAfter(900_000)]);
    expect(operations(environment)).toEqual(['Query', 'SendMessageBatch', 'PutItem']);
  });
});
