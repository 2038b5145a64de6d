/** Where a reader of a stream's shard stands. */
export interface ShardPosition {
  readonly stream: string;
  readonly shard: string;
  /** How many of the stream's records lie before it. */
  readonly index: number;
}

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html */
const VALID_MS = 300_000;

/** The text by which a client goes on reading from a position, within 5 minutes. */
export function shardIterator(position: ShardPosition, now: number): string {
  return Buffer.from(JSON.stringify({ ...position, now })).toString('base64url');
}

/** @throws the errors that `invalid` and `expired` make when the text is no iterator or is too old */
export function readShardIterator(
  text: string | undefined,
  now: number,
  refuse: { readonly invalid: () => Error; readonly expired: () => Error },
): ShardPosition {
  const position = parsed(text ?? '');
  if (position === undefined) throw refuse.invalid();
  if (now - position.now > VALID_MS) throw refuse.expired();
  return position;
}

function parsed(text: string): (ShardPosition & { readonly now: number }) | undefined {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as ShardPosition & { readonly now: number };
  } catch {
    return undefined;
  }
}

/**
 * The records of a page: those of the shard from the position on, up to the limit, and where the next page begins.
 *
 * @param records of all shards, in the order in which they came
 */
export function pageFrom<Record>(
  position: ShardPosition,
  records: readonly Record[],
  limit: number,
  shardOf: (record: Record) => string,
): { readonly page: Record[]; readonly next: ShardPosition } {
  const page: Record[] = [];
  let { index } = position;
  for (; index < records.length && page.length < limit; index++) {
    const record = records[index] as Record;
    if (shardOf(record) === position.shard) page.push(record);
  }
  return { page, next: { ...position, index } };
}
