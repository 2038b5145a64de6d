import { type Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test, vi } from 'vitest';
import { Ledger, QueueChannel } from '../../../lib/public/constructs.ts';
import { handlerIn, OrderCancelled, OrderPlaced, Stock, tableIn, testApp, testStack } from '../shop-app.ts';
import { Audit, hatch, keyedCharge, OrderLost, refusedBy, shop, source, warnedOf } from './proved-shop.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const WEEK = 7 * 86_400;
const THEIR_STREAM = 'arn:aws:kinesis:eu-central-1:111122223333:stream/theirs';

describe('what cannot be known is said', () => {
  test('the visibility timeout of a queue of another app', () => {
    const { app, stack, reserveHandler } = shop();
    const queue = sqs.Queue.fromQueueArn(stack, 'Theirs', 'arn:aws:sqs:eu-central-1:111122223333:theirs');
    reserveHandler.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true }));

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['visibility-timeout-unknown']);
  });

  test('a figure that is a parameter of the deployment', () => {
    const { app, stack, reserve } = shop();
    hatch(reserve.queue).addPropertyOverride('VisibilityTimeout', { Ref: 'Seconds' });

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['visibility-timeout-unknown']);
  });

  test('a batching window that is one', () => {
    const { app, stack, reserveHandler } = shop();
    source.ofQueue(reserveHandler).addPropertyOverride('MaximumBatchingWindowInSeconds', { Ref: 'Seconds' });

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['visibility-timeout-unknown']);
  });

  test('whether subscribers whose stack deploys after the ledger read its format', () => {
    const { app, stack } = shop({ spread: true, ledger: { format: 3 } });

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['format-readers-unknown', 'format-readers-unknown']);
  });

  test('how long a queue keeps messages, where that is a parameter', () => {
    const { app, stack, reserve } = shop();
    hatch(reserve.queue).addPropertyOverride('MessageRetentionPeriod', { Ref: 'Seconds' });

    expect(refusedBy(app)).toEqual([]);
    expect([...new Set(warnedOf(stack))]).toEqual([
      'dead-letter-retention-unknown',
      'dedup-life-unknown',
      'retry-horizon-unknown',
    ]);
  });

  test('how long a stream of another app keeps records that are tried for a week', () => {
    const imported = (stack: Stack) => kinesis.Stream.fromStreamArn(stack, 'Theirs', THEIR_STREAM);
    const { app, stack, countHandler } = shop({ importStream: imported });
    source.ofStream(countHandler).addPropertyOverride('MaximumRecordAgeInSeconds', WEEK);

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['stream-retention-unknown']);
  });

  test('whether two schemas of a library that tells none say the same', () => {
    const validate = (value: unknown) => ({ value });
    const schema = { '~standard': { version: 1 as const, vendor: 'theirs', validate } };
    const { app, stack } = shop({ publishes: [{ ...OrderCancelled, schema }] });

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['event-defined-twice-unknown']);
  });

  test('whether another app carries what is published on a ledger that it can import', () => {
    const { app, stack } = shop({ ledger: { ledgerName: 'shop' }, publishes: [OrderLost] });

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['event-without-channel-unknown']);
  });

  test('what happens to a ledger of another app, by leaving it alone', () => {
    const app = testApp();
    const stack = testStack('Ours', app);
    const ledger = Ledger.fromLedgerName(stack, 'Ledger', 'shop');
    const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced] });
    orders.addSubscriber(Audit, { handler: handlerIn(stack) });
    const producer = handlerIn(stack, 'Producer');
    ledger.grantPublish(producer, { publishes: [OrderLost], writes: [Stock], tables: { stock: tableIn(stack) } });

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['event-without-channel-unknown', 'renamed-subscriber-unknown']);
  });

  test('whether a subscriber was renamed, where no names are recorded, with the record to begin with', () => {
    const { app, stack } = shop({ context: { 'waybill:subscribers': undefined } });

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['renamed-subscriber-unknown']);
  });
});

describe('a channel that nobody subscribes to', () => {
  test('is warned about, and deployed', () => {
    const stack = testStack();
    new QueueChannel(stack, 'Orders', { ledger: new Ledger(stack, 'Ledger'), events: [OrderPlaced] });

    expect(() => Template.fromStack(stack)).not.toThrow();
    expect(warnedOf(stack)).toEqual(['channel-without-subscriber']);
  });

  test('is not warned about once that is acknowledged', () => {
    const stack = testStack();
    const orders = new QueueChannel(stack, 'Orders', { ledger: new Ledger(stack, 'Ledger'), events: [OrderPlaced] });
    Validations.of(orders).acknowledge({ id: 'waybill:channel-without-subscriber', reason: 'Consumers come in May' });

    expect(warnedOf(stack)).toEqual([]);
  });
});

describe('an effect that is known by its key alone', () => {
  test('is warned about where somebody may cancel its message, and not where nobody may', () => {
    const canceller = (deployed: ReturnType<typeof shop>) =>
      deployed.ledger.grantCancel(handlerIn(deployed.stack, 'Support'), { publishes: [] });
    const keyed = shop({ effects: [keyedCharge('24h')] });
    expect(warnedOf(keyed.stack)).toEqual([]);
    const cancelled = shop({ effects: [keyedCharge('24h')] });
    canceller(cancelled);
    expect(refusedBy(cancelled.app)).toEqual([]);
    expect(warnedOf(cancelled.stack)).toEqual(['keyed-effect-cancel']);
    const { idempotentFor: _, ...asked } = keyedCharge('24h');
    const verified = shop({ effects: [{ ...asked, mode: 'verified' }] });
    canceller(verified);
    expect(warnedOf(verified.stack)).toEqual([]);
  });
});
