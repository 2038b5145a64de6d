const { join } = require('node:path');
const { App, Stack } = require('aws-cdk-lib');
const { AttributeType, TableV2 } = require('aws-cdk-lib/aws-dynamodb');
const { ConsumerFunction, Ledger, QueueChannel } = require('waybill/constructs');
const { OrderPlaced, ReserveStock } = require('./contract.ts');

const app = new App({ outdir: join(__dirname, 'cdk.out') });
const stack = new Stack(app, 'Orders');

const ledger = new Ledger(stack, 'Ledger');
const orders = new QueueChannel(stack, 'Channel', { ledger, events: [OrderPlaced] });
orders.addSubscriber(ReserveStock, {
  handler: new ConsumerFunction(stack, 'ReserveStock', { entry: join(__dirname, 'handlers', 'reserve-stock.ts') }),
  tables: { stock: new TableV2(stack, 'Stock', { partitionKey: { name: 'sku', type: AttributeType.STRING } }) },
});

app.synth();
