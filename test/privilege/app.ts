import { App, Aspects, CfnOutput, CliCredentialsStackSynthesizer, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { type CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { ConsumerFunction, type Ledger, type QueueChannel } from 'waybill/constructs';
import { STACK_NAME } from '../../demo/deployment.ts';
import { CountSales, type OrderPlaced } from '../../examples/commerce/contract.ts';
import { Commerce } from '../../examples/commerce/stack.ts';
import { ChargeCard } from './fragile.ts';

/** The example shop with a breaker and an operator, of which each function tells its own name with every call of its. */
const app = new App();
const synthesizer = new CliCredentialsStackSynthesizer();
const shop = new Commerce(app, STACK_NAME, { disposable: true, deadline: Duration.seconds(5), synthesizer });

const outages = new TableV2(shop, 'Outages', {
  partitionKey: { name: 'name', type: AttributeType.STRING },
  removalPolicy: RemovalPolicy.DESTROY,
});
const orders = shop.node.findChild('Orders') as QueueChannel<typeof OrderPlaced>;
const chargeCard = orders.addSubscriber(ChargeCard, {
  handler: new ConsumerFunction(shop, 'charge-card-function', { entry: new URL('./fragile.ts', import.meta.url) }),
  tables: { outages },
  tableActions: { outages: ['dynamodb:GetItem'] },
  deadline: Duration.seconds(5),
  // It takes on its whole load at once when its circuit has closed.
  maxConcurrency: 2,
  breaker: { failures: 3, open: Duration.seconds(2), probes: 1 },
});
// Who is the first subscriber of an event type is told of what was committed before, as the demo's poison says of itself: not this one.
const countSales = shop.node.findChild('OrderStream').node.findChild(CountSales.name);
chargeCard.node.findChild('Route').node.addDependency(countSales.node.findChild('Route'));
const operator = new ConsumerFunction(shop, 'Operator', { entry: new URL('./operator.ts', import.meta.url) });
(shop.node.findChild('Ledger') as Ledger).grantRedrive(operator);
for (const [name, value] of Object.entries({
  OutagesTable: outages.tableName,
  ChargeCardQueue: chargeCard.queue.queueUrl,
  ChargeCardDeadLetterQueue: chargeCard.deadLetterQueue.queueUrl,
})) {
  new CfnOutput(shop, name, { value });
}

Aspects.of(shop).add({
  visit: (construct) => {
    // The engine knows no row's key, and runs the registrar while it deploys. The shop's other roles are changed afterwards.
    if (construct instanceof CfnPolicy && construct.node.path.includes('RegisterRoutes')) {
      construct.policyDocument = withoutNull(shop.resolve(construct.policyDocument));
    }
    if (!(construct instanceof LambdaFunction)) return;
    const logicalId = Stack.of(construct).getLogicalId(construct.node.defaultChild as CfnFunction);
    // It takes 50 characters, and Powertools adds some. The last eight tell the functions apart.
    construct.addEnvironment('AWS_SDK_UA_APP_ID', logicalId.slice(-20));
  },
});

function withoutNull(document: { readonly Statement: readonly { readonly Condition?: object }[] }): object {
  const Statement = document.Statement.map(({ Condition, ...statement }) => {
    const { Null: _, ...conditions } = (Condition ?? {}) as { readonly Null?: object };
    return { ...statement, ...(Condition && { Condition: conditions }) };
  });
  return { ...document, Statement };
}
