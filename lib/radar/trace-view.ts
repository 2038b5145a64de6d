import { WAITS_FOR_PROVIDER } from '../contract/effect.ts';
import { PARKED_BEHIND } from '../contract/sequence.ts';
import type { TracedDelivery, TracedMessage } from '../trace/traced-message.ts';
import { type Child, h } from './element.ts';
import { durationInWords, HOP_NAMES, timeOfDay } from './words.ts';

/** A message and everything that came of it, as nested lists. Payloads are in none of it. */
export function traceView(message: TracedMessage): Child {
  return h('div', { class: 'trace' }, h('h3', { tabindex: '-1' }, 'Trace'), h('ul', {}, messageItem(message)));
}

function messageItem(message: TracedMessage): Child {
  const { id, type, businessLine, key, committed, subscribers, replacedBy } = message;
  return h(
    'li',
    {},
    h('strong', {}, type),
    ` of ${businessLine}, key ${key}, committed ${timeOfDay(committed)} UTC `,
    h('code', {}, id),
    ...stateLinesOf(message).map((line) => h('p', {}, line)),
    subscribers.length === 0
      ? h('p', {}, 'Nobody expects it.')
      : h('ul', {}, ...subscribers.map((delivery) => deliveryItem(delivery, committed))),
    replacedBy ? h('p', {}, 'In its place:') : null,
    replacedBy ? h('ul', { 'aria-label': 'in its place' }, messageItem(replacedBy)) : null,
  );
}

/** What is to be known of a message besides its subscribers. */
function stateLinesOf({ due, handshake, cancelled, replacedBy }: TracedMessage): string[] {
  return [
    ...(due !== undefined ? [`Due ${moment(due)}`] : []),
    ...(handshake === 'pending' ? ['Handshake pending: its producer has not sent it'] : []),
    ...(cancelled !== undefined ? [`${replacedBy ? 'Rescheduled' : 'Cancelled'} ${moment(cancelled)}`] : []),
  ];
}

function deliveryItem(delivery: TracedDelivery, committed: number): Child {
  const {
    subscriber,
    state,
    due,
    function: name,
    request,
    reason,
    hop,
    evidence,
    overdueMs,
    attempts: deliveries,
    published,
  } = delivery;
  const facts = [
    ...hopsOf(delivery, committed),
    ...(deliveries !== undefined && deliveries > 1 ? [`${deliveries} deliveries`] : []),
    ...(reason ? [`reason: ${reason}`] : []),
    ...(hop ? [HOP_NAMES[hop]] : []),
    ...(evidence ? [evidence] : []),
    ...(overdueMs !== undefined ? [`overdue for ${durationInWords(overdueMs)}`] : []),
    ...(name ? [`by ${name}${request ? `, request ${request}` : ''}`] : []),
  ];
  return h(
    'li',
    { class: `delivery ${state}` },
    h('strong', {}, subscriber),
    ' ',
    h('span', { class: 'state' }, due === undefined ? inWords(delivery) : `waits until ${moment(due)}`),
    facts.length > 0 ? h('small', {}, ` ${facts.join(' · ')}`) : null,
    published.length > 0 ? h('ul', { 'aria-label': 'published' }, ...published.map(messageItem)) : null,
  );
}

function inWords({ state, evidence }: TracedDelivery): string {
  if (state === 'scheduled' && evidence?.startsWith(WAITS_FOR_PROVIDER)) return 'waits for a provider';
  return state === 'scheduled' && evidence?.startsWith(PARKED_BEHIND) ? 'waits for its turn' : STATES[state];
}

const STATES: Readonly<Record<TracedDelivery['state'], string>> = {
  handled: 'handled',
  duplicate: 'handled before, as a business duplicate',
  dead: 'dead-lettered',
  inFlight: 'on its way',
  late: 'late, behind others',
  scheduled: 'to be retried',
  missing: 'missing',
  unjudged: 'not judged',
  cancelled: 'cancelled',
  abandoned: 'abandoned: its subscriber was removed',
};

/** Each hop with the time that it took from the one before. */
function hopsOf({ relayed, received, ended }: TracedDelivery, committed: number): string[] {
  const hops: string[] = [];
  let before = committed;
  for (const [name, time] of [
    ['relayed', relayed],
    ['received', received],
    ['ended', ended],
  ] as const) {
    if (time === undefined) continue;
    hops.push(`${name} after ${durationInWords(Math.max(0, time - before))}`);
    before = time;
  }
  return hops;
}

/** `2026-11-23 08:14:03 UTC`: what was delayed is often of another day. */
function moment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
