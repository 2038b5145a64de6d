import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { invalidArgument, validation } from './exceptions.ts';

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500;
const MAX_BYTES = 10 * 1024 * 1024;
/** Of a stream's default: https://docs.aws.amazon.com/streams/latest/dev/large-records.html */
const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_KEY_CHARACTERS = 256;

/** Refuses the records of a request as Kinesis does. */
export function refuseInvalid(records: readonly PutRecordsRequestEntry[]): void {
  if (records.length === 0 || records.length > MAX_RECORDS) {
    throw validation(
      `Value at 'records' failed to satisfy constraint: Member must have length from 1 to ${MAX_RECORDS}`,
    );
  }
  if (records.some(({ Data }) => (Data?.byteLength ?? 0) > MAX_RECORD_BYTES)) {
    throw validation(
      `Value at 'records' failed to satisfy constraint: Member must have length less than or equal to ${MAX_RECORD_BYTES}`,
    );
  }
  const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
  if (bytes > MAX_BYTES) throw invalidArgument(`Records size exceeds ${MAX_BYTES} bytes`);
}

function recordBytes({ Data, PartitionKey = '' }: PutRecordsRequestEntry): number {
  if (!(Data instanceof Uint8Array))
    throw validation("Value at 'data' failed to satisfy constraint: Member must not be null");
  if (PartitionKey.length < 1 || PartitionKey.length > MAX_KEY_CHARACTERS) {
    throw validation(
      `Value at 'partitionKey' failed to satisfy constraint: Member must have length from 1 to ${MAX_KEY_CHARACTERS}`,
    );
  }
  return Data.byteLength + Buffer.byteLength(PartitionKey);
}
