const { join } = require('node:path');
const { App, Stack } = require('aws-cdk-lib');
const { ConsumerFunction } = require('waybill/constructs');

const app = new App({ outdir: join(__dirname, 'cdk.out') });
const stack = new Stack(app, 'Orders');
for (const [index, folder] of process.argv.slice(2).entries()) {
  new ConsumerFunction(stack, `ReserveStock${index}`, { entry: join(__dirname, folder, 'reserve-stock.ts') });
}
app.synth();
