import { readDeadLetter } from '../consume/dead-letter.ts';
import type { DeadLetter } from './delivery.ts';
import type { Queue, S3Engine, StoredMessage } from './engines/index.ts';

/** Reads what arrives in a dead-letter queue. */
export class LetterBox {
  /** In the order in which they arrived. */
  readonly letters: DeadLetter[] = [];
  readonly #queue: Queue;
  readonly #s3: S3Engine;
  readonly #read = new Set<string>();

  constructor(queue: Queue, s3: S3Engine) {
    this.#queue = queue;
    this.#s3 = s3;
  }

  get url(): string {
    return this.#queue.url;
  }

  /** Reads the letters that have arrived since it last did. */
  async collect(): Promise<void> {
    const unread = this.#queue.messages().filter(({ id }) => !this.#read.has(id));
    for (const { id } of unread) this.#read.add(id);
    for (const { body, attributes } of unread) {
      this.letters.push(await readLetter({ body, attributes }, this.#s3));
    }
  }

  /** The last letter about a message. */
  last(id: string): DeadLetter | undefined {
    return this.letters.findLast((letter) => letter.id === id);
  }
}

/** The letter that a message of a dead-letter queue is, with its bytes from wherever they are. */
export async function readLetter(
  { body, attributes }: Pick<StoredMessage, 'body' | 'attributes'>,
  s3: S3Engine,
): Promise<DeadLetter> {
  const texts = Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue] as const);
  const fetchObject = async (bucket: string, key: string) => s3.object(bucket, key);
  const letter = await readDeadLetter({ body, attributes: Object.fromEntries(texts) }, fetchObject);
  const { bytes, reason, detail, subscriber, messageId } = letter;
  return { subscriber, reason, detail, bytes, ...(messageId && { id: messageId }) };
}
