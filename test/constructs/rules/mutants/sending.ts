import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CheckBack, Ledger } from '../../../../lib/public/constructs.ts';
import { handlerIn, testStack } from '../../shop-app.ts';
import { type Shop, source } from '../proved-shop.ts';
import { drop, type Mutant, override } from './mutant.ts';

const DAY = 86_400;

/** The forward queue and what consumes it, half messages' check-back, and producers that send by handshake. */
export const sending: Mutant[] = [
  {
    rule: 'dead-letter-retention',
    name: "the forwarder's dead letters, kept no longer than the forward queue's messages",
    mutate: ({ ledger }) => override(ledger.forwardDeadLetterQueue, 'MessageRetentionPeriod', 4 * DAY),
  },
  {
    rule: 'dead-letter-retention',
    name: "a check-back's requests, kept as long as its dead letters",
    mutate: (shop) => override(checkBackOf(shop).queue, 'MessageRetentionPeriod', 14 * DAY),
  },
  {
    rule: 'backstop',
    name: 'a forward queue that gives up early',
    mutate: ({ ledger }) => override(ledger.forwardQueue, 'RedrivePolicy.maxReceiveCount', 50),
  },
  {
    rule: 'backstop',
    name: "a check-back's requests that lead nowhere",
    mutate: (shop) => drop(checkBackOf(shop).queue, 'RedrivePolicy'),
  },
  {
    rule: 'visibility-timeout',
    name: 'a forward queue with one second too little',
    mutate: ({ ledger }) => override(ledger.forwardQueue, 'VisibilityTimeout', 179),
  },
  {
    rule: 'visibility-timeout',
    name: 'a check-back whose function may take longer than its queue expects',
    mutate: (shop) => override(checkBackOf(shop).handler, 'Timeout', 60),
  },
  {
    rule: 'partial-batch-response',
    name: 'off at the forwarder',
    mutate: ({ ledger }) => drop(source.ofForwarder(ledger), 'FunctionResponseTypes'),
  },
  {
    rule: 'partial-batch-response',
    name: 'off at a check-back',
    mutate: (shop) => drop(source.ofQueue(checkBackOf(shop).handler), 'FunctionResponseTypes'),
  },
  {
    rule: 'event-filter',
    name: 'on the forward queue',
    mutate: ({ ledger }) =>
      override(source.ofForwarder(ledger), 'FilterCriteria', { Filters: [{ Pattern: '{"body":{"type":["a"]}}' }] }),
  },
  {
    rule: 'competing-consumer',
    name: 'a second function on the forward queue, from another stack',
    mutate: ({ app, ledger }) =>
      handlerIn(testStack('Theirs', app)).addEventSource(new SqsEventSource(ledger.forwardQueue)),
  },
  {
    rule: 'competing-consumer',
    name: "a second function on a check-back's requests",
    mutate: (shop) => handlerIn(shop.stack, 'Thief').addEventSource(new SqsEventSource(checkBackOf(shop).queue)),
  },
  {
    rule: 'reserved-concurrency',
    name: 'less than the forward queue causes',
    options: { ledger: { maxForwardConcurrency: 20 } },
    mutate: ({ ledger }) => override(ledger.forwarder, 'ReservedConcurrentExecutions', 19),
  },
  {
    rule: 'handshake-without-reconciler',
    name: 'a ledger that does not reconcile',
    options: { ledger: { reconcile: false } },
    mutate: ({ stack, ledger }) => ledger.grantSend(handlerIn(stack, 'Producer')),
  },
  {
    rule: 'handshake-without-reconciler',
    name: 'a ledger of another app that does not reconcile',
    mutate: ({ stack }) =>
      Ledger.fromLedgerName(stack, 'Theirs', 'theirs', { reconciles: false }).grantSend(handlerIn(stack, 'Producer')),
  },
];

function checkBackOf({ stack, ledger }: Shop): CheckBack {
  return new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'Ask') });
}
