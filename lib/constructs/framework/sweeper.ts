import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { allow } from '../aws/grants.ts';
import { Dispatcher, type DispatcherProps } from './dispatcher.ts';
import { EveryMinute } from './every-minute.ts';

/**
 * The function that sends, every minute, the messages whose moment comes near. A run that is late, missed or doubled does
 * no harm: each looks ten minutes ahead.
 */
export class Sweep extends Dispatcher {
  constructor(scope: Construct, id: string, props: DispatcherProps) {
    super(scope, id, {
      ...props,
      asset: 'sweep',
      description: 'Waybill: sends delayed messages whose moment comes near',
      // What a run does not get through, the next one does: there is no need for two at once.
      timeout: Duration.minutes(1),
      // A hundred thousand messages may be due in one minute.
      memorySize: 1024,
    });
    allow(this.role, ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'], props.table.tableArn);
    new EveryMinute(this, 'EveryMinute', {
      function: this.function,
      description: 'Waybill: sends delayed messages whose moment comes near',
      encryptionKey: props.encryptionKey,
    });
  }
}
