import { App } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Ledger } from 'waybill/constructs';
import { Approval } from '../../../examples/approval/stack.ts';
import { Travel } from '../../../examples/travel/stack.ts';
import { output } from '../app-parts.ts';

/** The apps of the saga drill. Context: `provider=<url>` is where the payment provider is. */
const app = new App();
new Travel(app, 'Travel', { providerUrl: String(app.node.tryGetContext('provider')), disposable: true });
const approval = new Approval(app, 'Approval', { disposable: true });
const ledger = approval.node.findChild('Ledger') as Ledger;
output(approval, 'expenses ledger', ledger.table.tableName);
output(approval, 'expenses shards', String(ledger.shards));
output(approval, 'budgets', (approval.node.findChild('Budgets') as TableV2).tableName);
