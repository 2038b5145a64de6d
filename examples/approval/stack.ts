import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { ConsumerFunction, Ledger, LedgerAlarms, Saga } from 'waybill/constructs';
import { Budgets, Payments, Reimburse } from './contract.ts';

export interface ApprovalProps {
  /** Whether deleting the stack deletes its data too: for trying it out. @default false */
  readonly disposable?: boolean;
}

/** Expenses: the budget is held, a person decides, and then the expense is paid, or the budget is given back. */
export class Approval extends Stack {
  constructor(scope: Construct, id: string, { disposable = false }: ApprovalProps = {}) {
    super(scope, id);
    const removalPolicy = disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const table = (name: string, partitionKey: string) =>
      new TableV2(this, name, { partitionKey: { name: partitionKey, type: AttributeType.STRING }, removalPolicy });
    const budgets = table('Budgets', Budgets.partitionKey);
    const payments = table('Payments', Payments.partitionKey);
    const handler = (name: string, file: string) =>
      new ConsumerFunction(this, name, {
        entry: new URL(`./functions/${file}.ts`, import.meta.url),
        timeout: Duration.seconds(10),
        logRemovalPolicy: removalPolicy,
      });
    new Saga(this, 'Reimburse', {
      ledger,
      saga: Reimburse,
      steps: {
        hold: { handler: handler('HoldBudget', 'hold-budget'), tables: { budgets } },
        pay: { handler: handler('PayExpense', 'pay-expense'), tables: { payments } },
      },
      // Longer than somebody may take to decide.
      tooOld: Duration.days(8),
    });
    new LedgerAlarms(this, 'Alarms', { ledger });
  }
}
