import { hash } from 'node:crypto';
import { CAUSE_PREFIX, type Expiring, type LedgerKey } from './layout.ts';

/** What messages died of at a subscriber. The counts are near enough: a death whose count was lost is dead all the same. */
export interface CauseRow extends LedgerKey, Expiring {
  /** The error's code. */
  readonly reason: string;
  /** The error's message at the last death. */
  readonly sample: string;
  /** The message of which the sample is. */
  readonly id: string;
  /** Where the error was thrown, e.g. `index.mjs:pay`; absent where it has no stack. */
  readonly frame?: string;
  /** The first and the last death, in milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
  /** Deaths so far, those of messages that were sent again included. */
  readonly died: number;
}

/** Where it is written what messages died of. */
export function causeKey(subscriber: string, cause: string): LedgerKey {
  return { pk: causePartition(subscriber), sk: cause };
}

/** The partition of all that messages of a subscriber died of. */
export function causePartition(subscriber: string): string {
  return `${CAUSE_PREFIX}${subscriber}`;
}

/** What an inbox row says of a death. */
export interface Reason {
  /** The error's code. */
  readonly reason?: string | undefined;
  /** The error's message. */
  readonly detail?: string | undefined;
  /** Where it was thrown, as in a stack. */
  readonly at?: string | undefined;
}

/**
 * The cause of a death: eight hex digits, alike for errors of one code that were thrown in one function and say the same
 * but for what differs from message to message: numbers, ids and what is quoted.
 */
export function causeOf({ reason = '', detail = '', at }: Reason): string {
  return hash('sha256', JSON.stringify([reason, normalised(detail), frameOf(at) ?? ''])).slice(0, 8);
}

/** `file:function` of a frame such as `at pay (file:///var/task/index.mjs:3:14)`: lines move with every deploy. */
export function frameOf(at: string | undefined): string | undefined {
  const [, named = '', place = ''] = /^at (?:(.+) \()?(.+?)\)?$/.exec(at ?? '') ?? [];
  const file = place.replace(/(?::\d+){1,2}$/, '').replace(/^.*[/\\]/, '');
  return file ? `${file}:${named.replace(/^(?:async|new) /, '') || 'anonymous'}` : undefined;
}

const QUOTED = /(?<!\w)(['"`]).*?\1(?!\w)/gs;
const ID = /\b(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?=\w*\d)[\da-f]{8,})\b/gi;

function normalised(text: string): string {
  return text
    .replace(QUOTED, "'…'")
    .replace(ID, '#')
    .replace(/\d+(?:[.,:]\d+)*/g, '#')
    .trim();
}
