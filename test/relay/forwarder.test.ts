import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { SCHEDULE } from '../../lib/ledger/receipt.ts';
import { outboxRow } from '../../lib/ledger/rows/outbox.ts';
import { type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { createForwarder } from '../../lib/relay/forwarder.ts';
import { refusedBy } from '../consume/shop.ts';
import { MINUTE, type SendingWorld, START, sendingWorld } from './sending-world.ts';

/** Puts something into the forward queue. */
function put({ engines, queues }: SendingWorld, body: string, stream?: string): void {
  const attributes = stream && { 'waybill-stream': { DataType: 'String', StringValue: stream } };
  engines.sqs.apply(
    new SendMessageCommand({
      QueueUrl: queues.forward.url,
      MessageBody: body,
      ...(attributes && { MessageAttributes: attributes }),
    }),
  );
}

/** Puts a message into the forward queue, as its producer does or (`stream`) as dispatch does. */
function putEnvelope(world: SendingWorld, envelope: Envelope, stream?: string): void {
  put(world, encodeEnvelope(envelope), stream);
}

/** Seconds until each message of the forward queue is visible. */
const hiddenFor = ({ queues, clock }: SendingWorld) =>
  queues.forward.messages().map(({ visibleAt }) => (visibleAt - clock.now()) / 1000);

describe('a message that its producer sent itself', () => {
  it('goes to everybody who expects it, with one receipt for the batch', async () => {
    const world = sendingWorld();
    for (let count = 0; count < 10; count++) putEnvelope(world, world.envelopeOf(String(count)));
    world.calls.length = 0;
    await world.forward();
    expect(world.queues['close-offer'].messages()).toHaveLength(10);
    expect(world.engines.kinesis.records('offers')).toHaveLength(10);
    expect(world.queues.forward.messages()).toEqual([]);
    expect(world.operations().toSorted()).toEqual(['PutItem', 'PutRecords', 'Query', 'SendMessageBatch']);
    expect(world.summary('forward')).toMatchObject({ records: 10, forwarded: 10, copies: 20 });
  });

  it('waits for its moment as any other does', async () => {
    const world = sendingWorld({ subscribers: ['close-offer'] });
    const [soon, far] = [90_500, 16 * MINUTE].map((delay) => world.envelopeOf('1', { deliverAt: START + delay }));
    for (const envelope of [soon, far]) putEnvelope(world, envelope as Envelope);
    await world.forward();
    const [copy] = world.queues['close-offer'].messages();
    expect((copy?.visibleAt ?? 0) - START).toBe(90_000);
    expect(world.dueRows()).toHaveLength(1);
    expect(world.receipts()).toEqual([
      { to: 'close-offer', id: soon?.id },
      { to: SCHEDULE, id: far?.id },
    ]);
  });

  it('that is there twice takes effect once', async () => {
    const world = sendingWorld();
    const envelope = world.envelopeOf('1');
    for (const _ of [1, 2]) putEnvelope(world, envelope);
    await world.settle();
    expect(world.effects().map(({ subscriber, times }) => [subscriber, times])).toEqual([
      ['close-offer', 1],
      ['count-offers', 1],
    ]);
  });
});

describe('a copy that waited for its moment outside a stream', () => {
  it('is put into that stream and nowhere else, at its moment to the millisecond', async () => {
    const world = sendingWorld();
    const arrived: number[] = [];
    world.engines.kinesis.onEvent(() => arrived.push(world.clock.now()));
    putEnvelope(world, world.envelopeOf('1', { deliverAt: START + 730 }), 'offers');
    await world.forward();
    expect(arrived).toEqual([START + 730]);
    expect(world.queues['close-offer'].messages()).toEqual([]);
  });

  it('that is here too early goes back to wait, which is no failure', async () => {
    const world = sendingWorld();
    putEnvelope(world, world.envelopeOf('1', { deliverAt: START + 61_900 }), 'offers');
    putEnvelope(world, world.envelopeOf('2', { deliverAt: START + 30 * 3_600_000 }), 'offers');
    await world.forward();
    expect(hiddenFor(world)).toEqual([61, 11 * 3_600]);
    expect(world.engines.kinesis.records('offers')).toEqual([]);
    expect(world.summary('forward')).toMatchObject({ early: 2 });
    expect(world.environment.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('keeps nobody waiting whose moment comes sooner', async () => {
    const world = sendingWorld();
    const arrived: number[] = [];
    world.engines.kinesis.onEvent(() => arrived.push(world.clock.now() - START));
    for (const after of [900, 20, 450, 470]) {
      putEnvelope(world, world.envelopeOf(String(after), { deliverAt: START + after }), 'offers');
    }
    putEnvelope(world, world.envelopeOf('direct'));
    await world.forward();
    // Those at 450 and 470 ms go together: a consumer holds the later one for the rest.
    expect(arrived).toEqual([0, 20, 450, 450, 900]);
  });

  it('of a stream that nobody consumes by any more is done', async () => {
    const world = sendingWorld({ subscribers: ['close-offer'] });
    putEnvelope(world, world.envelopeOf('1'), 'offers');
    await world.forward();
    expect(world.queues.forward.messages()).toEqual([]);
    expect(world.summary('forward')).toMatchObject({ unrouted: 1 });
  });
});

it('a message of another ledger is sent to nobody, and left to the dead-letter queue', async () => {
  const world = sendingWorld();
  putEnvelope(world, { ...world.envelopeOf('1'), ledger: 'another' });
  await world.runUntil(START + 3 * 1440 * MINUTE);
  expect(world.forwardDead.messages()).toHaveLength(1);
  expect(world.queues['close-offer'].messages()).toEqual([]);
});

describe('the notice of a schedule', () => {
  const committed = (world: SendingWorld, changes: object = {}) => {
    const envelope = world.envelopeOf('1', { deliverAt: START + 90_000 });
    world.write(outboxRow(envelope), { ...outboxRow(envelope), ...changes });
    return envelope;
  };

  it('has the message sent that lies in the outbox, with what remains of its delay', async () => {
    const world = sendingWorld();
    put(world, JSON.stringify({ due: committed(world).id }));
    await world.forward();
    // It may have been taken back a moment ago.
    const reads = world.calls.filter(({ operation }) => operation === 'BatchGetItem');
    expect(reads.map(({ input }) => input)).toMatchObject([{ RequestItems: { ledger: { ConsistentRead: true } } }]);
    expect((world.queues['close-offer'].messages()[0]?.visibleAt ?? 0) - START).toBe(90_000);
    // For the stream it waits here.
    expect(hiddenFor(world)).toEqual([90]);
  });

  it('is done where the message was taken back', async () => {
    const world = sendingWorld();
    put(world, JSON.stringify({ due: committed(world, { cancelled: START }).id }));
    await world.forward();
    expect(world.queues.forward.messages()).toEqual([]);
    expect(world.queues['close-offer'].messages()).toEqual([]);
    expect(world.summary('forward')).toMatchObject({ cancelled: 1 });
  });

  it('of a message that is not there is left to the dead-letter queue', async () => {
    const world = sendingWorld();
    put(world, JSON.stringify({ due: world.envelopeOf('1').id }));
    await world.runUntil(START + 3 * 1440 * MINUTE);
    expect(world.forwardDead.messages()).toHaveLength(1);
  });
});

describe('what fails', () => {
  it('comes again in Fibonacci seconds, and takes effect once when it can', async () => {
    const world = sendingWorld({ subscribers: ['close-offer'] });
    const tries: number[] = [];
    world.from('Query', () => {
      tries.push((world.clock.now() - START) / 1000);
      throw Object.assign(new Error('no'), { name: 'InternalServerError', $fault: 'server', $metadata: {} });
    });
    putEnvelope(world, world.envelopeOf('1'));
    await world.runUntil(START + 5_000);
    expect(tries).toEqual([0, 1, 2, 4]);
    world.from('Query', undefined);
    await world.runUntil(START + MINUTE);
    expect(world.effects()).toHaveLength(1);
    expect(world.forwardDead.messages()).toEqual([]);
  });

  it('answers for itself: the others of its batch are done', async () => {
    const world = sendingWorld({ subscribers: ['close-offer'] });
    const bad = world.envelopeOf('bad');
    world.from('SendMessageBatch', (apply, { input }) =>
      JSON.stringify(input).includes(bad.id)
        ? refusedBy('InvalidMessageContents')(apply, { operation: '', input })
        : apply(),
    );
    for (const envelope of [world.envelopeOf('1'), bad, world.envelopeOf('2')]) putEnvelope(world, envelope);
    await world.forward();
    expect(world.queues.forward.messages().map(({ body }) => JSON.parse(body).id)).toEqual([bad.id]);
    expect(world.summary('forward')).toMatchObject({ forwarded: 2, again: 1 });
  });

  it('slowly is not tried one by one: everything comes again while there is time to say so', async () => {
    const world = sendingWorld({ subscribers: ['close-offer'] });
    let tries = 0;
    world.from('SendMessageBatch', (apply, request) => {
      tries += 1;
      world.clock.pass(15_000);
      return refusedBy('TimeoutError', 'server')(apply, request);
    });
    for (let count = 0; count < 10; count++) putEnvelope(world, world.envelopeOf(String(count)));
    await world.forward();
    // The subscriber's queue, and the forward queue for what it did not take.
    expect(tries).toBe(2);
    expect(hiddenFor(world)).toEqual(Array(10).fill(1));
  });

  it.each(['no envelope', '{"due":"nobody"}', '{"due":', '{}', 'null'])(
    'to be read (%s) is logged without its text, and left to the dead-letter queue',
    async (body) => {
      const world = sendingWorld();
      put(world, body);
      putEnvelope(world, world.envelopeOf('1'));
      await world.runUntil(START + 3 * 1440 * MINUTE);
      expect(world.forwardDead.messages().map((message) => message.body)).toEqual([body]);
      expect(world.effects()).toHaveLength(2);
      const errors = world.environment.lines.filter(({ level }) => level === 'error');
      expect(errors.map(({ message, fields }) => [message, fields.error])).toEqual(
        Array(100).fill(['not forwarded', 'malformed-message']),
      );
    },
  );

  it('to be an event at all is refused', async () => {
    const world = sendingWorld();
    await expect(createForwarder()({} as never, { [ENVIRONMENT]: world.environment })).rejects.toMatchObject({
      code: 'malformed-message',
    });
  });
});
