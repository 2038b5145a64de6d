import { Duration } from 'aws-cdk-lib';
import { keyedCharge, shortLived, source } from '../proved-shop.ts';
import { drop, everywhere, type Mutant, override } from './mutant.ts';

const DAY = 86_400;

/** With a subscriber on a FIFO channel. */
const BOOKING = { fifo: true, context: { 'waybill:subscribers': ['book-movements', 'count-sales', 'reserve-stock'] } };

export const deduplication: Mutant[] = [
  {
    rule: 'dedup-life',
    name: 'an hourly event in a queue that keeps it for 4 days',
    options: { event: shortLived('1h'), queue: { retentionPeriod: Duration.days(4) } },
  },
  {
    rule: 'dedup-life',
    name: 'a daily event whose proof goes just when it could come for the last time',
    options: { event: shortLived('1d'), queue: { retentionPeriod: Duration.days(3) } },
  },
  {
    rule: 'dedup-life',
    name: 'a daily event whose queue was made to keep it for longer',
    options: { event: shortLived('1d') },
    mutate: ({ reserve }) => override(reserve.queue, 'MessageRetentionPeriod', 4 * DAY),
  },
  {
    rule: 'dedup-life',
    name: 'a stream that is read back for a week',
    options: { event: shortLived('5d'), stream: { retentionPeriod: Duration.days(30) } },
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRecordAgeInSeconds', 7 * DAY),
  },
];

export const retries: Mutant[] = [
  {
    rule: 'retry-horizon',
    name: 'an event that lives for less than the attempts at it take',
    options: { event: shortLived('45m') },
  },
  {
    rule: 'retry-horizon',
    name: 'a queue that keeps messages for less than the attempts at them take',
    options: { queue: { retentionPeriod: Duration.minutes(48) } },
  },
  {
    rule: 'retry-horizon',
    name: 'attempts that take a week',
    options: { retry: { attempts: 50, longest: '11h' } },
  },
  {
    rule: 'retry-horizon',
    name: 'a queue that was made to keep messages for a minute',
    mutate: ({ reserve }) => override(reserve.queue, 'MessageRetentionPeriod', 60),
  },
];

export const effects: Mutant[] = [
  {
    rule: 'effect-horizon',
    name: 'attempts that take as long as the service keeps keys, less the time by which clocks differ',
    options: { effects: [keyedCharge('3193s')] },
  },
  {
    rule: 'effect-horizon',
    name: 'attempts of two days at a service that keeps keys for one',
    options: { effects: [keyedCharge('24h')], retry: { attempts: 50, longest: '1h' } },
  },
];

export const deadLetters: Mutant[] = [
  {
    rule: 'dead-letter-retention',
    name: 'a dead-letter queue of one day',
    mutate: ({ reserve }) => override(reserve.deadLetterQueue, 'MessageRetentionPeriod', DAY),
  },
  {
    rule: 'dead-letter-retention',
    name: 'a backstop that keeps what the queue keeps',
    mutate: ({ count }) => override(count.backstopQueue, 'MessageRetentionPeriod', 4 * DAY),
  },
  {
    rule: 'dead-letter-retention',
    name: 'a queue of 14 days',
    mutate: ({ reserve }) => override(reserve.queue, 'MessageRetentionPeriod', 14 * DAY),
  },
  {
    rule: 'dead-letter-retention',
    name: "an Aspect that leaves SQS's default retention everywhere",
    mutate: (shop) => everywhere(shop, 'AWS::SQS::Queue', (queue) => drop(queue, 'MessageRetentionPeriod')),
  },
  { rule: 'backstop', name: 'no redrive policy', mutate: ({ reserve }) => drop(reserve.queue, 'RedrivePolicy') },
  {
    rule: 'backstop',
    name: 'no more receives than a definition may allow attempts',
    mutate: ({ reserve }) => override(reserve.queue, 'RedrivePolicy.maxReceiveCount', 50),
  },
  {
    rule: 'backstop',
    name: 'SQS moves straight to the dead-letter queue, which nobody records',
    mutate: ({ reserve }) =>
      override(reserve.queue, 'RedrivePolicy.deadLetterTargetArn', reserve.deadLetterQueue.queueArn),
  },
  {
    rule: 'fifo-queues',
    name: 'a throughput of 300 requests a second',
    options: BOOKING,
    mutate: ({ book }) => book && override(book.queue, 'FifoThroughputLimit', 'perQueue'),
  },
  {
    rule: 'fifo-queues',
    name: 'a dead-letter queue that deduplicates over all keys',
    options: BOOKING,
    mutate: ({ book }) => book && drop(book.deadLetterQueue, 'DeduplicationScope'),
  },
];
