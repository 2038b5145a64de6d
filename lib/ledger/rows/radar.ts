import { type LedgerKey, RADAR_PREFIX } from './layout.ts';

/** Where it is written what reconciliation counted of a business line's messages of a minute, all shards of a group together. */
export function radarKey(businessLine: string, minute: string): LedgerKey {
  return { pk: radarPartition(businessLine), sk: minute };
}

/** The partition of a business line's counts, in the order of time. */
export function radarPartition(businessLine: string): string {
  return `${RADAR_PREFIX}${businessLine}`;
}
