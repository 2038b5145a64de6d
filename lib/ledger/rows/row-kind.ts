/** The kinds of the ledger's rows, by the first part of their partition keys. */
const KINDS = {
  out: 'outbox',
  in: 'inbox',
  once: 'once',
  fail: 'failure',
  dead: 'dead',
  cause: 'cause',
  redrive: 'redrive',
  relay: 'receipt',
  route: 'route',
  types: 'event-type',
  open: 'case',
  radar: 'radar',
  reconcile: 'cursor',
  due: 'due',
  sweep: 'sweep',
  shards: 'shards',
  format: 'format',
  unrouted: 'unrouted',
  half: 'half',
  effect: 'effect',
  circuit: 'circuit',
  scale: 'scale',
  tail: 'tail',
  last: 'fence',
  park: 'parked',
  saga: 'saga',
  stuck: 'stuck',
  wait: 'wait',
  sagas: 'sagas',
} as const;

export type RowKind = (typeof KINDS)[keyof typeof KINDS] | 'other';

/** Which kind of the ledger's rows lies in a partition. */
export function rowKindOf(partition: string): RowKind {
  const [prefix = ''] = partition.split('#');
  return isPrefix(prefix) ? KINDS[prefix] : 'other';
}

function isPrefix(prefix: string): prefix is keyof typeof KINDS {
  return Object.hasOwn(KINDS, prefix);
}
