import { isMessageId } from '../../message/message-id.ts';

/** What a producer was told, by what a step of the workload answers. */
export interface Acknowledged {
  /** Messages that are committed. */
  readonly ids: readonly string[];
  /** Messages that were cancelled. */
  readonly cancelled: readonly string[];
  /** Messages that could not be cancelled: a subscriber has handled them. */
  readonly kept: readonly string[];
  /** That nothing of what it asked for takes effect: `{ refused: true }`. */
  readonly refused: boolean;
}

const NOTHING: Acknowledged = { ids: [], cancelled: [], kept: [], refused: false };

/**
 * What a step says by its answer: whatever `publish`, `producer.send`, `cancel`, `reschedule` and `commit` return, a
 * message id, `{ ids }`, or several of these in an array. Of anything else, and of a receipt that says `unknown`, nothing is
 * known.
 */
export function acknowledgedBy(answer: unknown): Acknowledged {
  if (Array.isArray(answer)) return (answer as unknown[]).map(acknowledgedBy).reduce(both, NOTHING);
  if (typeof answer === 'string') return { ...NOTHING, ids: [answer].filter(isMessageId) };
  if (typeof answer !== 'object' || answer === null) return NOTHING;
  const { id, ids, state, cancelled, rescheduled, refused } = answer as Partial<Record<string, unknown>>;
  const own = [id].filter(isMessageId);
  if (refused === true) return { ...NOTHING, refused };
  if (state === 'unknown' || rescheduled === false) return NOTHING;
  if (cancelled === true) return { ...NOTHING, cancelled: own };
  if (cancelled === false) return { ...NOTHING, kept: own };
  return { ...NOTHING, ids: [...own, ...(Array.isArray(ids) ? (ids as unknown[]) : []).filter(isMessageId)] };
}

function both(one: Acknowledged, other: Acknowledged): Acknowledged {
  return {
    ids: [...one.ids, ...other.ids],
    cancelled: [...one.cancelled, ...other.cancelled],
    kept: [...one.kept, ...other.kept],
    refused: one.refused || other.refused,
  };
}
