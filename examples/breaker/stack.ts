import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ConsumerFunction, Ledger, LedgerAlarms, QueueChannel } from 'waybill/constructs';
import { ChargeCard, ChargeRequested } from './contract.ts';

export interface ChargesProps {
  /** Where the provider is. */
  readonly providerUrl: string;
  /** How long the circuit stays open at first. @default 30 seconds */
  readonly open?: Duration;
  /** Whether deleting the stack deletes its data too: for trying it out. @default false */
  readonly disposable?: boolean;
}

/** Charges by a provider, with a breaker: an outage of the provider buries nothing. */
export class Charges extends Stack {
  constructor(scope: Construct, id: string, { providerUrl, open, disposable = false }: ChargesProps) {
    super(scope, id);
    const removalPolicy = disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const charges = new QueueChannel(this, 'Charges', { ledger, events: [ChargeRequested] });
    const handler = new ConsumerFunction(this, 'ChargeCard', {
      entry: new URL('./functions/charge-card.ts', import.meta.url),
      environment: { PROVIDER_URL: providerUrl },
      timeout: Duration.seconds(10),
      logRemovalPolicy: removalPolicy,
    });
    const chargeCard = charges.addSubscriber(ChargeCard, { handler, breaker: { open } });
    new LedgerAlarms(this, 'Alarms', { ledger });
    for (const [name, value] of Object.entries({
      LedgerTable: ledger.table.tableName,
      LedgerShards: String(ledger.shards),
      DeadLetterQueue: chargeCard.deadLetterQueue.queueUrl,
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
