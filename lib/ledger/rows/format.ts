import { ENCODINGS } from '../../message/compression.ts';
import type { LedgerKey } from './layout.ts';

/**
 * The formats of outbox rows. Code reads every format up to the newest that it knows, and writes the one that the ledger's
 * format row names: 1 where there is none.
 *
 * - `plain`: the envelope's JSON text.
 * - `packed`: what cannot be derived, an attribute each. On the wire it is the same envelope.
 * - `compressed`: packed, and where that saves write units the payload is compressed, also on the wire.
 *
 * In every format `type`, `line` and `deliverat` are attributes of the row, and so they are in those to come; and `key` in all but the
 * first.
 */
export const FORMATS = { plain: 1, packed: 2, compressed: 3 } as const;

/** The newest format that this code reads. */
export const NEWEST_FORMAT: number = FORMATS.compressed;

/** In which format outbox rows are written: the ledger's format row. */
export interface FormatRow extends LedgerKey {
  readonly format: number;
  /** When it was written, in milliseconds since the epoch. */
  readonly since: number;
}

/** The type of the custom resource that turns a ledger's format. */
export const FORMAT_RESOURCE = 'Custom::WaybillFormat';

/** Where it is written in which format outbox rows are written. */
export const FORMAT_KEY: LedgerKey = { pk: 'format', sk: 'outbox' };

/**
 * The environment variable by which code is as it was before formats that are newer than its value: it neither reads nor
 * writes them. For trying a deployment of several versions.
 */
export const FORMAT_VARIABLE = 'WAYBILL_NEWEST_FORMAT';

/** How payloads may be compressed that code reads whose newest format is this. */
export function encodingsOf(newest: number): readonly string[] {
  return newest >= FORMATS.compressed ? ENCODINGS : [];
}

/** The newest format that code in an environment reads. */
export function newestFormat({
  variables,
}: {
  readonly variables: Readonly<Record<string, string | undefined>>;
}): number {
  return Math.min(NEWEST_FORMAT, Number(variables[FORMAT_VARIABLE] ?? NEWEST_FORMAT));
}
