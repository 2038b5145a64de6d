import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { ConsumerFunction, Ledger, LedgerAlarms, Saga } from 'waybill/constructs';
import { BookTrip, Seats, Tickets } from './contract.ts';

export interface TravelProps {
  /** Where the payment provider is. */
  readonly providerUrl: string;
  /** Whether deleting the stack deletes its data too: for trying it out. @default false */
  readonly disposable?: boolean;
}

/** Trips: seats are reserved, the traveller is charged, the tickets are shipped; or none of it. */
export class Travel extends Stack {
  constructor(scope: Construct, id: string, { providerUrl, disposable = false }: TravelProps) {
    super(scope, id);
    const removalPolicy = disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const table = (name: string, partitionKey: string) =>
      new TableV2(this, name, { partitionKey: { name: partitionKey, type: AttributeType.STRING }, removalPolicy });
    const seats = table('Seats', Seats.partitionKey);
    const tickets = table('Tickets', Tickets.partitionKey);
    const handler = (name: string, file: string, environment: Record<string, string> = {}) =>
      new ConsumerFunction(this, name, {
        entry: new URL(`./functions/${file}.ts`, import.meta.url),
        environment,
        timeout: Duration.seconds(10),
        logRemovalPolicy: removalPolicy,
      });
    const saga = new Saga(this, 'BookTrip', {
      ledger,
      saga: BookTrip,
      steps: {
        reserve: { handler: handler('ReserveSeats', 'reserve-seats'), tables: { seats } },
        charge: { handler: handler('ChargeTrip', 'charge-trip', { PAYMENT_PROVIDER_URL: providerUrl }) },
        ship: { handler: handler('ShipTickets', 'ship-tickets'), tables: { tickets } },
      },
    });
    new LedgerAlarms(this, 'Alarms', { ledger });
    for (const [name, value] of Object.entries({
      LedgerTable: ledger.table.tableName,
      LedgerShards: String(ledger.shards),
      SeatsTable: seats.tableName,
      TicketsTable: tickets.tableName,
      StateMachine: saga.stateMachine.stateMachineArn,
      UnwindMachine: saga.unwindMachine.stateMachineArn,
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
