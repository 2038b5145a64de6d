import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { allowRows, type RowGrant } from '../aws/ledger-rows.ts';
import { type DispatcherProps, dispatching } from './dispatcher.ts';
import { EveryMinute } from './every-minute.ts';
import { FrameworkFunction } from './framework-function.ts';

/**
 * The function that sends, every minute, the messages whose moment comes near. A run that is late, missed or doubled
 * does no harm: each looks ten minutes ahead. It also sends what waited for a first subscriber; where each message has a
 * schedule of its own, nothing else.
 */
export class Sweeper extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: DispatcherProps) {
    const description = props.schedules
      ? 'Waybill: sends what waited for a first subscriber'
      : 'Waybill: sends delayed messages whose moment comes near, and what waited for a first subscriber';
    super(scope, id, {
      ...props,
      ...dispatching(props),
      asset: 'sweeper',
      description,
      // What a run does not get through, the next one does: there is no need for two at once.
      timeout: Duration.minutes(1),
      // A hundred thousand messages may be due in one minute.
      memorySize: 1024,
    });
    for (const rows of props.schedules ? FILLED : SWEPT) allowRows(this.role, props.ledger.table, rows);
    new EveryMinute(this, 'EveryMinute', {
      function: this.function,
      description,
      encryptionKey: props.ledger.encryptionKey,
    });
  }
}

const { due, outbox, shards, sweepCursors, unrouted } = PARTITIONS;

/** What waits for a first subscriber, and how far it was sent. */
const FILLED: readonly RowGrant[] = [
  { actions: ['dynamodb:Query'], partitions: [...shards, ...unrouted, ...outbox] },
  { actions: ['dynamodb:UpdateItem'], partitions: unrouted },
];

/** The same, and what is due. */
const SWEPT: readonly RowGrant[] = [
  { actions: ['dynamodb:Query'], partitions: [...due, ...shards, ...unrouted, ...outbox] },
  { actions: ['dynamodb:BatchGetItem'], partitions: [...sweepCursors, ...outbox] },
  { actions: ['dynamodb:UpdateItem'], partitions: [...sweepCursors, ...unrouted] },
];
