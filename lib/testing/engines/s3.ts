import { hash } from 'node:crypto';
import {
  type GetObjectCommandInput,
  NoSuchBucket,
  NoSuchKey,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { UnsupportedByEngine } from '../errors.ts';
import { Engine } from './engine.ts';
import { refuseOthers } from './refuse-others.ts';
import type { Operations } from './wire.ts';

const $metadata = { httpStatusCode: 404, attempts: 1, totalRetryDelay: 0 } as const;

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  /** Milliseconds since the epoch. */
  readonly putAt: number;
}

/** S3 in memory: PutObject of texts and bytes, and GetObject. Not there: streams, versions, ranges, permissions. */
export class S3Engine extends Engine<S3Client> {
  protected override readonly operations: Operations;
  readonly #buckets = new Map<string, Map<string, StoredObject>>();

  /** @param clock.now milliseconds since the epoch */
  constructor(clock: { readonly now: () => number }) {
    super(clock);
    this.operations = {
      PutObject: (input) => this.#putObject(input),
      GetObject: (input) => this.#getObject(input),
    };
  }

  createBucket(name: string): void {
    this.#buckets.set(name, new Map());
  }

  /** The keys of a bucket's objects, in the order of UTF-16 code units. */
  keys(bucket: string): string[] {
    return [...this.#bucket(bucket).keys()].sort();
  }

  /** @throws NoSuchBucket, NoSuchKey when there is no such bucket or object */
  object(bucket: string, key: string): Uint8Array {
    return new Uint8Array(this.#object(bucket, key).bytes);
  }

  #bucket(name: string | undefined): Map<string, StoredObject> {
    const bucket = this.#buckets.get(name ?? '');
    if (!bucket) throw new NoSuchBucket({ $metadata, message: 'The specified bucket does not exist' });
    return bucket;
  }

  #object(bucket: string | undefined, key: string | undefined): StoredObject {
    const object = this.#bucket(bucket).get(key ?? '');
    if (!object) throw new NoSuchKey({ $metadata, message: 'The specified key does not exist.' });
    return object;
  }

  #putObject(input: PutObjectCommandInput) {
    refuseOthers('PutObject', input, ['Bucket', 'Key', 'Body', 'ContentType']);
    const bytes = bytesOf(input.Body);
    this.#bucket(input.Bucket).set(input.Key ?? '', { bytes, contentType: input.ContentType, putAt: this.now() });
    return { ETag: etag(bytes) };
  }

  #getObject(input: GetObjectCommandInput) {
    refuseOthers('GetObject', input, ['Bucket', 'Key']);
    const { bytes, contentType, putAt } = this.#object(input.Bucket, input.Key);
    return {
      Body: {
        transformToByteArray: async () => new Uint8Array(bytes),
        transformToString: async (encoding: BufferEncoding = 'utf8') => Buffer.from(bytes).toString(encoding),
      },
      ContentLength: bytes.byteLength,
      ...(contentType && { ContentType: contentType }),
      ETag: etag(bytes),
      LastModified: new Date(putAt),
    };
  }
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return new Uint8Array(Buffer.from(body));
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (body === undefined) return new Uint8Array();
  throw new UnsupportedByEngine('The engine in memory takes texts and Uint8Arrays as the Body of PutObject');
}

function etag(bytes: Uint8Array): string {
  return `"${hash('md5', bytes)}"`;
}
