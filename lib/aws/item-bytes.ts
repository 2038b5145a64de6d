import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Item = Readonly<Record<string, AttributeValue>>;

/**
 * The size of a row, as DynamoDB counts it: names in UTF-8, and values by their type.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name of Object.keys(item)) bytes += Buffer.byteLength(name) + valueBytes(item[name] as AttributeValue);
  return bytes;
}

/** The write units of a row of so many bytes: one for each KB begun. */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}

function valueBytes({ S, N, B, M, L, SS, NS, BS }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined) return numberBytes(N);
  if (M) return 3 + itemBytes(M) + Object.keys(M).length;
  if (L) return 3 + L.length + sum(L, valueBytes);
  if (B) return B.byteLength;
  if (SS) return sum(SS, (text) => Buffer.byteLength(text));
  if (NS) return sum(NS, numberBytes);
  return BS ? sum(BS, (bytes) => bytes.byteLength) : 1;
}

/** One byte for two significant digits, one more, and one for a minus sign. */
function numberBytes(text: string): number {
  const digits = text.replace(/e.*/i, '').replace(/\D/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return 1 + Math.ceil(digits.length / 2) + (text.startsWith('-') ? 1 : 0);
}

function sum<One>(list: readonly One[], bytesOf: (one: One) => number): number {
  return list.reduce((total, one) => total + bytesOf(one), 0);
}
