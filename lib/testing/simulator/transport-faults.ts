import { ATTRIBUTES } from '../../runtime/dead-letter.ts';
import type { Queue, QueueEvent, StoredMessage, StoredRecord } from '../engines/index.ts';
import { decoded } from './evidence.ts';
import { type Site, STEPS } from './site.ts';
import { laterIn, type World } from './world.ts';

const STEP_OF_EVENT = { sent: STEPS.sent, received: STEPS.received, deleted: STEPS.deleted } as const;

export interface Transports {
  /** Queues by name: those of subscribers, their dead-letter queues, and the backstops. */
  readonly queues: ReadonlyMap<string, Queue>;
  /** Puts a record into a stream. */
  readonly put: (stream: string, data: Uint8Array, partitionKey: string) => void;
  /** Deletes from the ledger what is past its time to live. */
  readonly expire: () => void;
}

/** What goes wrong in queues and streams themselves, and what operators do there. */
export class TransportFaults {
  readonly #world: World;
  readonly #transports: Transports;
  #made = 0;

  constructor(world: World, transports: Transports) {
    this.#world = world;
    this.#transports = transports;
  }

  /** To be called at whatever becomes of a message. */
  readonly onQueueEvent = ({ kind, queue: name, message }: QueueEvent): void => {
    const queue = this.#transports.queues.get(name);
    if (!queue || kind === 'moved' || kind === 'expired') return;
    const fault = this.#world.faults.reach(`${name}.${STEP_OF_EVENT[kind]}` satisfies Site);
    switch (fault?.kind) {
      case 'duplicate':
        this.#soon(() => restore(queue, message, this.#world.schedule.now()));
        break;
      case 'duplicate-late': {
        const copy = { ...message };
        laterIn(this.#world, fault.after, () => {
          this.#transports.expire();
          restore(queue, copy, this.#world.schedule.now());
        });
        break;
      }
      case 'delay':
        message.visibleAt += fault.by;
        break;
      case 'poison':
        this.#soon(() => queue.send({ id: this.#id('poison'), body: this.#poison(), attributes: {} }, 0));
        break;
      case 'lost':
        // A dead letter that is sent again is an operator's to look after, and poison nobody's.
        if (decoded(message.body) && !message.attributes[ATTRIBUTES.reason]) this.#soon(() => lose(queue, message));
        break;
      case 'redrive':
        laterIn(this.#world, fault.after, () => this.#redrive(queue, message));
        break;
    }
  };

  /** To be called at each record that is put into a stream. */
  readonly onRecord = (stream: string, { data, partitionKey }: StoredRecord): void => {
    const fault = this.#world.faults.reach(`${stream}.${STEPS.arrived}`);
    if (fault?.kind === 'duplicate') this.#soon(() => this.#transports.put(stream, data, partitionKey));
    if (fault?.kind === 'poison') {
      this.#soon(() => this.#transports.put(stream, Buffer.from(this.#poison()), partitionKey));
    }
  };

  /** Sends a dead letter to the queue of its subscriber, as `StartMessageMoveTask` does: under a new message id. */
  #redrive(letters: Queue, { id, body, attributes }: StoredMessage): void {
    const letter = letters.receiveOnly(id);
    const queue = this.#transports.queues.get(letters.name.replace(/-dead$/, ''));
    if (!letter?.receiptHandle || !queue) return;
    this.#world.record.note(`an operator redrives ${id}`);
    queue.send({ id: this.#id('redriven'), body, attributes }, 0);
    letters.delete(letter.receiptHandle);
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

function lose(queue: Queue, { id }: StoredMessage): void {
  const { receiptHandle } = queue.receiveOnly(id) ?? {};
  if (receiptHandle !== undefined) queue.delete(receiptHandle);
}

/** Puts a message back that was received or deleted: its old receipts are worth nothing. */
function restore(queue: Queue, { receiptHandle: _, ...message }: StoredMessage, now: number): void {
  queue.restore({ ...message, sentAt: now });
}
