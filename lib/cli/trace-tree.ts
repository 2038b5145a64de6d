import { unicodeOr } from '@clack/prompts';
import { WAITS_FOR_PROVIDER } from '../contract/effect.ts';
import { PARKED_BEHIND } from '../contract/sequence.ts';
import type { TracedHalf } from '../trace/trace-half.ts';
import type { TracedDelivery, TracedEffect, TracedMessage } from '../trace/traced-message.ts';
import { printable } from './printable.ts';
import { lengthOf } from './span-text.ts';

export interface TreeOptions {
  /** Milliseconds since the epoch: what is still to come is told from here. */
  readonly now: number;
  /** Columns of the terminal; longer lines are cut. @default nothing is cut */
  readonly width?: number;
}

const BRANCH = unicodeOr('├─ ', '+- ');
const LAST = unicodeOr('└─ ', '`- ');
const TRUNK = unicodeOr('│  ', '|  ');
const NONE = '   ';
const CUT = unicodeOr('…', '~');

const MARKS: Record<TracedDelivery['state'], string> = {
  handled: unicodeOr('✓', 'ok'),
  duplicate: unicodeOr('=', '='),
  dead: unicodeOr('✗', 'x'),
  inFlight: unicodeOr('→', '>'),
  late: unicodeOr('…', '...'),
  scheduled: unicodeOr('↻', '@'),
  missing: '!',
  unjudged: '?',
  cancelled: unicodeOr('⊘', '/'),
  abandoned: unicodeOr('∅', '0'),
};

/** Draws a message and everything that came of it as a tree, line by line: messages, and below each its subscribers. */
export function traceTree(message: TracedMessage, options: TreeOptions): string[] {
  return shown(messageLines(message, options.now), options);
}

/** Draws a half message, and below it what came of it once it was committed. */
export function halfTree(half: TracedHalf, options: TreeOptions): string[] {
  const { now } = options;
  const { key, businessLine, prepared, transaction, message, chain, due } = half;
  const below = chain ? TRUNK : NONE;
  const facts = [
    `key ${key}, ${businessLine}, prepared ${instant(prepared)}, local transaction ${transaction}`,
    decisionOf(half),
    ...(due !== undefined ? [momentOf(due, now)] : []),
    ...(message && !chain ? [`its message ${message} has been cleaned up`] : []),
  ];
  const lines = [`half ${half.type}  ${half.half}`, ...facts.map((fact) => `${below}${fact}`)];
  return shown([...lines, ...(chain ? hang(messageLines(chain, now), true) : [])], options);
}

function decisionOf({ state, quarantined: unanswered, message }: TracedHalf): string {
  switch (state) {
    case 'committed':
      return `committed as ${message}`;
    case 'rolledBack':
      return 'rolled back';
    case 'prepared':
      return unanswered === undefined
        ? 'not decided: its producer is asked'
        : `not decided, unanswered since ${instant(unanswered)}: \`waybill half\` asks again or decides`;
  }
}

function shown(lines: readonly string[], { width }: TreeOptions): string[] {
  const printed = lines.map(printable);
  return width ? printed.map((line) => cut(line, width)) : printed;
}

function messageLines(message: TracedMessage, now: number): string[] {
  const { id, type, businessLine, key, committed, traceparent, subscribers, replacedBy } = message;
  const traceId = traceparent.split('-')[1] ?? '';
  const facts = [
    `key ${key}, ${businessLine}, committed ${instant(committed)}, trace ${traceId}`,
    ...stateLinesOf(message, now),
  ];
  const children = [
    ...subscribers.map((delivery) => deliveryLines(delivery, message, now)),
    ...(replacedBy ? [placeLines(replacedBy, now)] : []),
  ];
  return [
    `${type}  ${id}`,
    ...facts.map((fact) => `${children.length > 0 ? TRUNK : NONE}${fact}`),
    ...(children.length === 0 ? [`${LAST}nobody expects it`] : []),
    ...children.flatMap((lines, index) => hang(lines, index === children.length - 1)),
  ];
}

/** The state of a message, besides its subscribers. */
function stateLinesOf({ due, handshake, cancelled, replacedBy }: TracedMessage, now: number): string[] {
  const end = replacedBy ? 'rescheduled' : 'cancelled';
  return [
    ...(due !== undefined && cancelled === undefined ? [momentOf(due, now)] : []),
    ...(handshake === 'pending' ? ['handshake pending: its producer has not sent it'] : []),
    ...(cancelled !== undefined ? [`${end} ${instant(cancelled)}`] : []),
  ];
}

function placeLines(replacement: TracedMessage, now: number): string[] {
  const [first = '', ...rest] = messageLines(replacement, now);
  return [`in its place: ${first}`, ...rest];
}

function momentOf(due: number, now: number): string {
  return due > now ? `due ${instant(due)}, in ${lengthOf(due - now)}` : `due ${instant(due)}`;
}

function deliveryLines(delivery: TracedDelivery, message: TracedMessage, now: number): string[] {
  const { subscriber, state, published } = delivery;
  const below = published.length > 0 ? TRUNK : NONE;
  return [
    `${subscriber}  ${MARKS[state]} ${stateOf(delivery, now)}`,
    ...detailsOf(delivery, message, now).map((detail) => `${below}${detail}`),
    ...published.flatMap((child, index) => hang(messageLines(child, now), index === published.length - 1)),
  ];
}

function stateOf({ state, reason, hop, overdueMs, due, evidence }: TracedDelivery, now: number): string {
  const overdue = overdueMs === undefined ? '' : `, overdue by ${lengthOf(overdueMs)}`;
  switch (state) {
    case 'duplicate':
      return 'duplicate: it meant the same as an earlier message, and took no effect';
    case 'dead':
      return `dead-lettered: ${reason ?? 'without a reason'}`;
    case 'inFlight':
      return `in flight${overdue}`;
    case 'late':
      return `late, behind others${hop ? ` at the ${hop}` : ''}${overdue}`;
    case 'scheduled':
      if (due !== undefined) return `scheduled, due in ${lengthOf(due - now)}`;
      if (evidence?.startsWith('paused')) return `paused${overdue}`;
      if (evidence?.startsWith(WAITS_FOR_PROVIDER)) return `waits for a provider${overdue}`;
      if (evidence?.startsWith(PARKED_BEHIND)) return `waits for its turn${overdue}`;
      return `failed, resting until its next attempt${overdue}`;
    case 'missing':
      return `MISSING at the ${hop}${overdue}`;
    case 'unjudged':
      return `not judged${overdue}`;
    case 'abandoned':
      return 'abandoned: it had not ended there when the subscriber was removed';
    case 'handled':
    case 'cancelled':
      return state;
  }
}

/** Of a message that is handled, though not all of it. */
const LATE =
  '! its handler used its transaction after it had returned: what that was to write is lost. Await everything in it';

const EFFECTS: Readonly<Record<TracedEffect['state'], string>> = {
  running: 'may be running, at the gateway',
  done: 'done',
  unknown: 'nobody knows whether it was done: the gateway does',
};

function detailsOf(delivery: TracedDelivery, { committed, due }: TracedMessage, now: number): string[] {
  const { relayed, received, ended, attempts: deliveries, function: name, request } = delivery;
  const { evidence, detail, at, late, effects = [] } = delivery;
  const hops = [
    { name: 'relayed', at: relayed },
    { name: 'received', at: received },
    { name: 'ended', at: ended },
  ].filter((hop): hop is { name: string; at: number } => hop.at !== undefined);
  const gaps = hops.map(({ name: hop, at }, index) => `${hop} ${gap(at - (hops[index - 1]?.at ?? committed))}`);
  const whole =
    ended === undefined ? `committed ${lengthOf(now - committed)} ago` : `${lengthOf(ended - committed)} in all`;
  const after =
    ended === undefined || due === undefined || ended < due ? [] : [`${lengthOf(ended - due)} after its moment`];
  const delivered = deliveries === undefined ? [] : [`${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'}`];
  return [
    [...gaps, whole, ...after, ...delivered].join(', '),
    ...(name ? [`by ${name}${request ? `, request ${request}` : ''}`] : []),
    ...(delivery.effects?.length === 0 ? ['no effect has begun: it has not come past the queue'] : []),
    ...effects.map((effect) => `effect ${effect.name}: ${EFFECTS[effect.state]}, begun ${instant(effect.since)}`),
    ...(evidence ? [evidence] : []),
    ...(detail ? [detail] : []),
    ...(at ? [at] : []),
    ...(late === undefined ? [] : [LATE]),
  ];
}

/** The moment of a hop may come from another clock, so a gap can be negative. */
function gap(milliseconds: number): string {
  return milliseconds < 0 ? `-${lengthOf(-milliseconds)}` : `+${lengthOf(milliseconds)}`;
}

function hang([first = '', ...rest]: readonly string[], isLast: boolean): string[] {
  return [`${isLast ? LAST : BRANCH}${first}`, ...rest.map((line) => `${isLast ? NONE : TRUNK}${line}`)];
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, Math.max(width - CUT.length, 0)).join('')}${CUT}`;
}
