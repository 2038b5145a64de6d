import { unicodeOr } from '@clack/prompts';
import type { TracedDelivery, TracedMessage } from '../runtime/trace/trace.ts';
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
  cancelled: unicodeOr('⊘', '/'),
};

/** Draws a message and everything that came of it as a tree, line by line: messages, and below each its subscribers. */
export function traceTree(message: TracedMessage, options: TreeOptions): string[] {
  const lines = messageLines(message, options.now).map(printable);
  const { width } = options;
  return width ? lines.map((line) => cut(line, width)) : lines;
}

function messageLines(
  { id, type, businessLine, key, committed, traceparent, subscribers }: TracedMessage,
  now: number,
) {
  const traceId = traceparent.split('-')[1] ?? '';
  const lines = [
    `${type}  ${id}`,
    `${subscribers.length > 0 ? TRUNK : NONE}key ${key}, ${businessLine}, committed ${instant(committed)}, trace ${traceId}`,
  ];
  if (subscribers.length === 0) lines.push(`${LAST}nobody expects it`);
  for (const [index, delivery] of subscribers.entries()) {
    const isLast = index === subscribers.length - 1;
    lines.push(...hang(deliveryLines(delivery, committed, now), isLast));
  }
  return lines;
}

function deliveryLines(delivery: TracedDelivery, committed: number, now: number): string[] {
  const { subscriber, state, published } = delivery;
  const below = published.length > 0 ? TRUNK : NONE;
  return [
    `${subscriber}  ${MARKS[state]} ${stateOf(delivery)}`,
    ...detailsOf(delivery, committed, now).map((detail) => `${below}${detail}`),
    ...published.flatMap((message, index) => hang(messageLines(message, now), index === published.length - 1)),
  ];
}

function stateOf({ state, reason, hop, overdueMs }: TracedDelivery): string {
  const overdue = overdueMs === undefined ? '' : `, overdue by ${lengthOf(overdueMs)}`;
  switch (state) {
    case 'duplicate':
      return 'duplicate: it meant the same as an earlier message, and took no effect';
    case 'dead':
      return `dead-lettered: ${reason ?? 'without a reason'}`;
    case 'inFlight':
      return `in flight${overdue}`;
    case 'late':
      return `late, behind others${overdue}`;
    case 'scheduled':
      return `failed, resting until its next attempt${overdue}`;
    case 'missing':
      return `MISSING at the ${hop}${overdue}`;
    case 'handled':
    case 'cancelled':
      return state;
  }
}

function detailsOf(delivery: TracedDelivery, committed: number, now: number): string[] {
  const { relayed, received, ended, attempts, function: name, request, evidence } = delivery;
  const hops = [
    { name: 'relayed', at: relayed },
    { name: 'received', at: received },
    { name: 'ended', at: ended },
  ].filter((hop): hop is { name: string; at: number } => hop.at !== undefined);
  const gaps = hops.map(({ name: hop, at }, index) => `${hop} ${gap(at - (hops[index - 1]?.at ?? committed))}`);
  const whole =
    ended === undefined ? `committed ${lengthOf(now - committed)} ago` : `${lengthOf(ended - committed)} in all`;
  const tries = attempts === undefined ? [] : [`${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`];
  return [
    [...gaps, whole, ...tries].join(', '),
    ...(name ? [`by ${name}, request ${request}`] : []),
    ...(evidence ? [evidence] : []),
  ];
}

/** What is known of a hop may come from another clock: a gap can be negative. */
function gap(milliseconds: number): string {
  return milliseconds < 0 ? `-${lengthOf(-milliseconds)}` : `+${lengthOf(milliseconds)}`;
}

function hang([first = '', ...rest]: readonly string[], isLast: boolean): string[] {
  return [`${isLast ? LAST : BRANCH}${first}`, ...rest.map((line) => `${isLast ? NONE : TRUNK}${line}`)];
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Keys and reasons come from messages: what would steer the terminal is shown as a mark. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, unicodeOr('\u{fffd}', '?'));
}

function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, Math.max(width - CUT.length, 0)).join('')}${CUT}`;
}
