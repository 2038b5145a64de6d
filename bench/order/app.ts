import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BINDINGS, tableBinding } from 'waybill';
import { ConsumerFunction, FifoChannel, Ledger, QueueChannel } from 'waybill/constructs';
import { BookFifo, BookQueue, Books, MovedOnFifo, MovedOnQueue } from './contract.ts';
import { OUTPUTS, STACK_NAME } from './deployment.ts';

/** The CDK app of the benchmark of order: an ordered subscriber on a standard queue, and one on a FIFO queue. */
const stack = new Stack(new App(), STACK_NAME);
const removalPolicy = RemovalPolicy.DESTROY;
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const handlerOf = (id: string, file: string) =>
  new ConsumerFunction(stack, id, {
    entry: new URL(`./functions/${file}.ts`, import.meta.url),
    timeout: Duration.seconds(10),
    logRemovalPolicy: removalPolicy,
  });
const books = new TableV2(stack, 'Books', {
  partitionKey: { name: Books.partitionKey, type: AttributeType.STRING },
  sortKey: { name: 'account', type: AttributeType.STRING },
  removalPolicy,
});
const options = { tables: { books }, maxConcurrency: 4 };
const queue = new QueueChannel(stack, 'Queue', { ledger, events: [MovedOnQueue] });
const queued = queue.addSubscriber(BookQueue, { handler: handlerOf('BookQueue', BookQueue.name), ...options });
const fifo = new FifoChannel(stack, 'Fifo', { ledger, events: [MovedOnFifo] });
const ordered = fifo.addSubscriber(BookFifo, { handler: handlerOf('BookFifo', BookFifo.name), ...options });

const outputs = {
  [OUTPUTS.variable(BINDINGS.ledger)]: ledger.table.tableName,
  [OUTPUTS.variable(BINDINGS.shards)]: String(ledger.shards),
  [OUTPUTS.variable(tableBinding(Books.name))]: books.tableName,
  [OUTPUTS.queue(BookQueue)]: queued.queue.queueUrl,
  [OUTPUTS.queue(BookFifo)]: ordered.queue.queueUrl,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
