/**
 * The bytes of a row of texts, bytes and whole numbers from 0 on, as DynamoDB counts them: names and values in UTF-8, a
 * number a byte for two digits up to its last that is not 0, and one more.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(row: object): number {
  return Object.entries(row).reduce(
    (bytes, [name, value]) => (value === undefined ? bytes : bytes + Buffer.byteLength(name) + valueBytes(value)),
    0,
  );
}

/** Write units of a row outside of a transaction; in one they are twice as many. */
export function writeUnits(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  return Math.ceil(String(value).replace(/0+$/, '').length / 2) + 1;
}
