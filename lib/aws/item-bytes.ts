import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { numberBytes, rowBytes } from '../contract/row-size.ts';

/** The size of a row as requests hold it, as DynamoDB counts it. */
export function itemBytes(item: Readonly<Record<string, AttributeValue>>): number {
  return rowBytes(item, valueBytes);
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

function sum<One>(list: readonly One[], bytesOf: (one: One) => number): number {
  return list.reduce((total, one) => total + bytesOf(one), 0);
}
