import { Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { ConsumerFunction, Ledger, StreamChannel } from 'waybill/constructs';
import { AddUpUse, MeterRead } from './contract.ts';

/** Readings on a Kinesis stream, and a projection that reads it. */
export class Metering extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const ledger = new Ledger(this, 'Ledger');
    const readings = new StreamChannel(this, 'Readings', { ledger, events: [MeterRead] });
    const dailyUse = new TableV2(this, 'DailyUse', {
      partitionKey: { name: 'meterId', type: AttributeType.STRING },
      sortKey: { name: 'day', type: AttributeType.STRING },
    });
    const entry = new URL('./functions/add-up-use.ts', import.meta.url);
    const handler = new ConsumerFunction(this, 'AddUpUse', { entry });
    readings.addSubscriber(AddUpUse, { handler, tables: { 'daily-use': dailyUse } });
  }
}
