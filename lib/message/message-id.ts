import { InvalidDefinition, MalformedMessage } from '../contract/errors.ts';

/**
 * Message ids are UUIDv7s (RFC 9562) whose last 16 bits say where the message lies in the ledger: 4 bits of log2 of the
 * shard count when it was minted, and 12 bits of the business key's hash. Every ledger key follows from the id alone, so
 * a shard count that grows later moves nothing.
 */
export interface MintOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** 16 random bytes. */
  readonly random: Uint8Array;
  /** The business key: messages of one key share a shard. */
  readonly key: string;
  /** Shards of the ledger: a power of two from 1 to 4096. */
  readonly shards: number;
}

const HASH_BITS = 12;
const MESSAGE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{8}[0-9a-c][0-9a-f]{3}$/;

/** Mints the id of a new message. Written out here, so that importing the contract loads no other package. */
export function mintMessageId({ now, random, key, shards }: MintOptions): string {
  const tail = (log2OfShards(shards) << HASH_BITS) | keyHash(key);
  const time = now.toString(16).padStart(12, '0');
  const noise = Buffer.from(random).toString('hex');
  // The two bits `10` are RFC 9562's variant.
  const variant = (0x8 | ((random[15] ?? 0) & 0x3)).toString(16);
  const middle = `7${noise.slice(0, 3)}-${variant}${noise.slice(3, 6)}-${noise.slice(6, 14)}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-${middle}${tail.toString(16).padStart(4, '0')}`;
}

/** Whether the value is a message id as `mintMessageId` makes them. */
export function isMessageId(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  if (value === lastId) return true;
  if (!MESSAGE_ID.test(value)) return false;
  lastId = value;
  return true;
}

/** One id is asked about again and again while its message is read, handled and written. */
let lastId: string | undefined;

/** The 16 bytes of a message id. */
export function bytesOfId(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

/** The message id of 16 bytes. */
export function idOfBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The moment the id was minted, in milliseconds since the epoch. */
export function messageTime(id: string): number {
  return Number.parseInt(checked(id).slice(0, 8) + id.slice(9, 13), 16);
}

/**
 * The range of texts in which the ids of a range of time lie, both ends included: ids are sorted by their time.
 *
 * @param from milliseconds since the epoch
 * @param to milliseconds since the epoch
 */
export function messageIdRange(from: number, to: number): { readonly from: string; readonly to: string } {
  return { from: timePrefix(from), to: `${timePrefix(to)}~` };
}

function timePrefix(milliseconds: number): string {
  const hex = Math.max(0, milliseconds).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** The ledger shard of the message. */
export function messageShard(id: string): number {
  return shardOf(tailOf(id) & 0xfff, shardsWhenMinted(id));
}

/** How many shards the ledger had when the id was minted, as far as its producer knew. */
export function shardsWhenMinted(id: string): number {
  return 2 ** (tailOf(id) >> HASH_BITS);
}

/** The shard that holds the messages of a business key while the ledger has `shards` shards. */
export function keyShard(key: string, shards: number): number {
  log2OfShards(shards);
  return shardOf(keyHash(key), shards);
}

/** @throws InvalidDefinition for a shard count that no ledger can have. */
export function log2OfShards(shards: number): number {
  const log2 = Math.log2(shards);
  if (!Number.isInteger(log2) || log2 < 0 || log2 > HASH_BITS) {
    throw new InvalidDefinition(`${shards} is not a shard count: give a power of two from 1 to ${2 ** HASH_BITS}`);
  }
  return log2;
}

/** 12 bits of SHA-256: even for keys that differ in their last digit only. */
function keyHash(key: string): number {
  // Not imported: whoever imports the contract would wait for it, and most never mint an id.
  const { hash } = process.getBuiltinModule('node:crypto');
  return Number.parseInt(hash('sha256', key, 'hex').slice(0, 3), 16);
}

function shardOf(hashBits: number, shards: number): number {
  return hashBits & (shards - 1);
}

function tailOf(id: string): number {
  return Number.parseInt(checked(id).slice(-4), 16);
}

function checked(id: string): string {
  if (!isMessageId(id)) throw new MalformedMessage(`'${String(id).slice(0, 64)}' is not a message id`);
  return id;
}
