import { numberBytes, rowBytes } from '../../contract/row-size.ts';

/** The bytes of a row of texts, bytes and numbers, as DynamoDB counts them. */
export function itemBytes(row: object): number {
  return rowBytes(row as Readonly<Record<string, unknown>>, valueBytes);
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.byteLength : numberBytes(String(value));
}
