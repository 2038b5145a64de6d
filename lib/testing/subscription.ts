import type { KinesisStreamRecord, SQSRecord } from 'aws-lambda';
import { ATTRIBUTES } from '../aws/record.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import type { Queue, StoredMessage } from './engines/index.ts';
import { queueRecord, streamRecord } from './lambda/lambda-event.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The queue of one handler: what it has received, and what waits there to come again. */
export class Subscription {
  readonly queue: Queue;
  readonly #clock: VirtualClock;
  readonly #received = new Map<string, StoredMessage>();
  #streamed = 0;

  constructor(queue: Queue, clock: VirtualClock) {
    this.queue = queue;
    this.#clock = clock;
  }

  /**
   * The record by which the message comes from the queue: again, where it has come before. A message that waits there for
   * its time is waited for.
   */
  fromQueue(envelope: Envelope): SQSRecord {
    const waiting = this.queue.messages().find(({ body }) => idIn(body) === envelope.id);
    const known = this.#received.get(envelope.id);
    if (waiting) this.#clock.pass(Math.max(0, waiting.visibleAt - this.#clock.now()));
    else if (known) this.queue.restore(known);
    else this.queue.send({ id: `sqs-${envelope.id}`, body: encodeEnvelope(envelope), attributes: {} }, 0);
    return this.#receive(envelope.id, waiting?.id ?? known?.id ?? `sqs-${envelope.id}`);
  }

  /** The record by which the message comes back from the dead-letter queue: a new message to SQS, with the letter's attributes. */
  redriven(envelope: Envelope, reason: string): SQSRecord {
    const id = `redriven-${envelope.id}-${this.#clock.now()}`;
    const attributes = { [ATTRIBUTES.reason]: { DataType: 'String', StringValue: reason } };
    this.queue.send({ id, body: encodeEnvelope(envelope), attributes }, 0);
    return this.#receive(envelope.id, id);
  }

  /** The record by which the message comes from a stream. */
  fromStream(envelope: Envelope): KinesisStreamRecord {
    this.#streamed += 1;
    return streamRecord({
      data: encodeEnvelope(envelope),
      partitionKey: envelope.partitionkey,
      sequenceNumber: String(this.#streamed),
      arrivedAt: this.#clock.now(),
    });
  }

  /** Deletes what a function has not reported as failed, as an event source does. */
  acknowledge(record: SQSRecord, failures: readonly { readonly itemIdentifier: string }[]): void {
    if (failures.some(({ itemIdentifier }) => itemIdentifier === record.messageId)) return;
    this.queue.delete(record.receiptHandle);
  }

  #receive(messageId: string, id: string): SQSRecord {
    const message = this.queue.receiveOnly(id) as StoredMessage;
    this.#received.set(messageId, message);
    return queueRecord(this.queue.name, message);
  }
}

/** Messages of the queue are envelopes: the test ledger has put them there, or the run time has parked them. */
function idIn(body: string): string {
  return (JSON.parse(body) as Envelope).id;
}
