import { ATTRIBUTES } from '../../aws/record.ts';
import { DAY_MS } from '../../contract/time.ts';
import type { Queue, QueueEvent, StoredMessage, StoredRecord } from '../../testing/engines/index.ts';
import { plainName } from '../../testing/stack/queues.ts';
import { decoded } from '../run/envelopes.ts';
import { laterIn, type World } from '../run/world.ts';
import { reshard } from './reshard.ts';
import { TRAITS } from './traits.ts';

/** Milliseconds after which SQS keeps no message, whatever it was told. */
const LONGEST_RETENTION_MS = 14 * DAY_MS;

export interface Transports {
  /** Queues by name: those of subscribers, their dead-letter queues, and the backstops. */
  readonly queues: ReadonlyMap<string, Queue>;
  /** Puts a record into a stream. */
  readonly put: (stream: string, data: Uint8Array, partitionKey: string) => void;
  /** Deletes from the ledger what is past its time to live by a clock that is so many milliseconds ahead. */
  readonly expire: (ahead: number) => void;
}

/** What goes wrong in queues and streams themselves, and what operators do there. */
export class TransportFaults {
  readonly #world: World;
  readonly #transports: Transports;
  /** The moment until which a queue loses what it takes, by queue. */
  readonly #losesUntil = new Map<string, number>();
  readonly #firstSent = new Map<string, number>();
  #made = 0;

  constructor(world: World, transports: Transports) {
    this.#world = world;
    this.#transports = transports;
  }

  /** To be called at whatever becomes of a message. */
  readonly onQueueEvent = ({ kind, queue: name, message }: QueueEvent): void => {
    const queue = this.#transports.queues.get(name);
    if (kind === 'sent') this.#firstSent.set(message.id, message.sentAt);
    if (kind === 'moved') this.#world.faults.meet(TRAITS.moved);
    if (!queue || kind === 'moved' || kind === 'expired') return;
    const fault = this.#world.faults.reach(`${name}.${kind}`);
    switch (fault?.kind) {
      case 'duplicate':
        this.#soon(() => restore(queue, message, this.#world.schedule.now()));
        break;
      case 'duplicate-late':
        this.#comeAgain(queue, message, fault.after, 0);
        break;
      case 'ttl-late':
        this.#comeAgain(queue, message, fault.after, undefined);
        break;
      case 'ttl-early':
        this.#comeAgain(queue, message, fault.after, fault.by);
        break;
      case 'delay':
        message.visibleAt += fault.by;
        break;
      case 'poison':
        this.#soon(() => this.#put(queue, 'poison', this.#poison()));
        break;
      case 'lost':
        this.#losesUntil.set(name, this.#world.schedule.now() + (fault.for ?? 0));
        break;
      case 'purged':
        this.#soon(() => {
          for (const one of queue.messages().filter(isHealed)) lose(queue, one);
        });
        break;
      case 'redrive':
        laterIn(this.#world, fault.after, () => this.#redrive(queue, message));
        break;
      case 'redrive-race':
        this.#soon(() => {
          const { body, attributes } = message;
          const source = this.#redrive(queue, message);
          if (source) this.#put(source, 'redriven', body, attributes);
          if (source && decoded(body)) this.#put(source, 'again', body);
        });
        break;
    }
    const isLost = kind === 'sent' && this.#world.schedule.now() <= (this.#losesUntil.get(name) ?? 0);
    if (isLost && isHealed(message)) this.#soon(() => lose(queue, message));
  };

  /**
   * A message comes again long after it was deleted.
   *
   * @param ahead by how much the clock is ahead by which rows were deleted meanwhile; `undefined` where none were
   */
  #comeAgain(queue: Queue, message: StoredMessage, after: number, ahead: number | undefined): void {
    const copy = { ...message };
    const age = this.#world.schedule.now() + after - (this.#firstSent.get(message.id) ?? 0);
    if (age > LONGEST_RETENTION_MS) return;
    laterIn(this.#world, after, () => {
      if (ahead !== undefined) this.#transports.expire(ahead);
      restore(queue, copy, this.#world.schedule.now());
    });
  }

  /** To be called at each record that is put into a stream. */
  readonly onRecord = (stream: string, { data, partitionKey, shardId }: StoredRecord): void => {
    const fault = this.#world.faults.reach(`${stream}.arrived`);
    if (fault?.kind === 'duplicate') this.#soon(() => this.#transports.put(stream, data, partitionKey));
    if (fault?.kind === 'poison') {
      this.#soon(() => this.#transports.put(stream, Buffer.from(this.#poison()), partitionKey));
    }
    if (fault?.kind === 'reshard') this.#soon(() => reshard(this.#world.engines.kinesis, stream, shardId, fault.how));
  };

  /** Puts a message into a queue: of a FIFO queue, in a group of its own. */
  #put(queue: Queue, kind: string, body: string, attributes: StoredMessage['attributes'] = {}): void {
    const id = this.#id(kind);
    queue.send({ id, body, attributes, ...(queue.isFifo && { groupId: id, deduplicationId: id }) }, 0);
  }

  /** Sends a dead letter to the queue of its subscriber, as `StartMessageMoveTask` does: under a new message id. */
  #redrive(letters: Queue, { id, body, attributes }: StoredMessage): Queue | undefined {
    const letter = letters.receiveOnly(id);
    const queue = this.#transports.queues.get(plainName(letters.name).replace(/-dead$/, ''));
    if (!letter?.receiptHandle || !queue) return undefined;
    this.#world.record.note(`an operator redrives ${id}`);
    this.#put(queue, 'redriven', body, attributes);
    letters.delete(letter.receiptHandle);
    return queue;
  }

  /** Not within the request that the engine is carrying out, but in the same moment. */
  #soon(run: () => void): void {
    laterIn(this.#world, 0, run);
  }

  #id(what: string): string {
    this.#made += 1;
    return `${what}-${this.#made}`;
  }

  #poison(): string {
    return `{"no": "message ${this.#id('poison')}"}`;
  }
}

/** Whether reconciliation sends it again: a dead letter is an operator's to look after, and poison nobody's. */
function isHealed({ body, attributes }: Readonly<StoredMessage>): boolean {
  return decoded(body) !== undefined && !attributes[ATTRIBUTES.reason];
}

function lose(queue: Queue, { id }: Readonly<StoredMessage>): void {
  const { receiptHandle } = queue.receiveOnly(id) ?? {};
  if (receiptHandle !== undefined) queue.delete(receiptHandle);
}

/** Puts a message back that was received or deleted: its old receipts are worth nothing. */
function restore(queue: Queue, { receiptHandle: _, ...message }: StoredMessage, now: number): void {
  queue.restore({ ...message, sentAt: now });
}
