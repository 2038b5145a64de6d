/**
 * How DynamoDB counts the bytes of a row: names in UTF-8, and values by their type.
 *
 * @param bytesOf the bytes of a value in the form that the row has them
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function rowBytes<Value>(row: Readonly<Record<string, Value>>, bytesOf: (value: Value) => number): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(row)) {
    if (value !== undefined) bytes += Buffer.byteLength(name) + bytesOf(value);
  }
  return bytes;
}

/** The bytes of a number: one for two significant digits, one more, and one for a minus sign. */
export function numberBytes(text: string): number {
  const digits = text.replace(/e.*/i, '').replace(/\D/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return 1 + Math.ceil(digits.length / 2) + (text.startsWith('-') ? 1 : 0);
}

/** The write units of a row of so many bytes, one for each KB begun. In a transaction they are twice as many. */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}
