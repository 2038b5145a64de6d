import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { ConsumerFunction, FifoChannel, Ledger, LedgerAlarms } from 'waybill/constructs';
import { Deposited, Withdrawn, WriteStatement } from './contract.ts';

export interface LedgerAccountsProps {
  /** Whether deleting the stack deletes its data too: for trying it out. @default false */
  readonly disposable?: boolean;
}

/** Statements of accounts, whose lines are in order whatever fails. */
export class LedgerAccounts extends Stack {
  constructor(scope: Construct, id: string, { disposable = false }: LedgerAccountsProps = {}) {
    super(scope, id);
    const removalPolicy = disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const movements = new FifoChannel(this, 'Movements', { ledger, events: [Deposited, Withdrawn] });
    const account = { name: 'account', type: AttributeType.STRING };
    const line = { name: 'line', type: AttributeType.NUMBER };
    const accounts = new TableV2(this, 'Accounts', { partitionKey: account, removalPolicy });
    const statements = new TableV2(this, 'Statements', { partitionKey: account, sortKey: line, removalPolicy });
    const balances = new TableV2(this, 'Balances', { partitionKey: account, removalPolicy });
    const handler = new ConsumerFunction(this, 'WriteStatement', {
      entry: new URL('./functions/write-statement.ts', import.meta.url),
      logRemovalPolicy: removalPolicy,
    });
    const { deadLetterQueue } = movements.addSubscriber(WriteStatement, { handler, tables: { statements, balances } });
    new LedgerAlarms(this, 'Alarms', { ledger });
    for (const [name, value] of Object.entries({
      LedgerTable: ledger.table.tableName,
      LedgerShards: String(ledger.shards),
      DeadLetterQueue: deadLetterQueue.queueUrl,
      AccountsTable: accounts.tableName,
      StatementsTable: statements.tableName,
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
