import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FifoChannel, Ledger, StreamChannel } from 'waybill/constructs';
import { businessTable, functionOf, output, outputLedger, outputSubscriber, removalPolicy } from '../app-parts.ts';
import { Book, Books, Deposited, Tally, Withdrawn } from './contract.ts';

/** Two ordered subscribers of the same events: one on FIFO queues, one on a stream. */
export class Accounts extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const events = [Deposited, Withdrawn];
    const queued = new FifoChannel(this, 'Queued', { ledger, events });
    const streamed = new StreamChannel(this, 'Streamed', { ledger, events, removalPolicy, shardCount: 2 });
    const books = businessTable(this, 'Books', Books);
    const app = import.meta.url;
    const book = queued.addSubscriber(Book, { handler: functionOf(this, app, Book.name), tables: { books } });
    outputSubscriber(this, Book.name, book);
    const tally = streamed.addSubscriber(Tally, { handler: functionOf(this, app, Tally.name), tables: { books } });
    outputSubscriber(this, Tally.name, tally);
    outputLedger(this, ledger);
    output(this, 'relay', ledger.relay.functionName);
  }
}
