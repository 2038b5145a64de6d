import type { BucketDetail, DeadMessage, MissingMessage } from './bucket-detail.ts';
import { hourName } from './calendar.ts';
import { type Child, h } from './element.ts';
import { countsInWords } from './health.ts';
import { minuteStrip } from './heat-map.ts';
import { durationInWords, HOP_NAMES } from './words.ts';

/**
 * An opened hour of a business line: its minutes, its latency, the messages that are missing and those that were given up.
 *
 * @param token what a redrive must bring along
 */
export function bucketView(detail: BucketDetail, token: string): Child {
  const { businessLine, hour, counts, minutes, missing, dead, isCut } = detail;
  return h(
    'div',
    { class: 'bucket', 'data-line': businessLine, 'data-hour': hour },
    h('h2', { tabindex: '-1' }, `${businessLine}, ${hourName(hour)}`),
    h('p', {}, countsInWords(counts)),
    minuteStrip(hour, minutes),
    h('figure', { class: 'latency' }, h('figcaption', {}, 'Latency from commit to end')),
    missing.length > 0 ? h('h3', {}, `Missing (${missing.length})`) : null,
    missing.length > 0
      ? h('ul', { class: 'messages' }, ...missing.map((message) => missingItem(message, token)))
      : null,
    dead.length > 0 ? h('h3', {}, `${givenUpInWords(dead)} (${dead.length})`) : null,
    dead.length > 0 ? h('ul', { class: 'messages' }, ...dead.map(deadItem)) : null,
    missing.length + dead.length === 0 ? h('p', {}, 'No message is missing, none was given up.') : null,
    isCut ? h('p', {}, 'There are more than are listed here: `waybill reconcile` names them all.') : null,
  );
}

function missingItem({ id, type, subscriber, hop, evidence, overdueMs }: MissingMessage, token: string): Child {
  return h(
    'li',
    {},
    h('code', {}, id),
    h('p', {}, h('strong', {}, type), ' is missing at ', h('strong', {}, subscriber)),
    h('p', { class: `hop ${hop}` }, HOP_NAMES[hop]),
    h('p', {}, h('small', {}, `${evidence}. Overdue for ${durationInWords(overdueMs)}.`)),
    h(
      'form',
      { method: 'post', action: '/redrive', class: 'actions' },
      h('input', { type: 'hidden', name: 'token', value: token }),
      h('input', { type: 'hidden', name: 'id', value: id }),
      h('input', { type: 'hidden', name: 'subscriber', value: subscriber }),
      traceLink(id),
      h('button', { type: 'submit', 'aria-label': `Redrive ${id} to ${subscriber}` }, 'Redrive'),
      h('output', {}),
    ),
    h('div', { class: 'place' }),
  );
}

/** A dead letter lies in the subscriber's dead-letter queue: it is redriven from there, or it would be there for ever. */
function deadItem(message: DeadMessage): Child {
  const { id, type, subscriber, reason } = message;
  if (message.isAbandoned) return abandonedItem(message);
  return h(
    'li',
    {},
    h('code', {}, id),
    h('p', {}, h('strong', {}, type), ' was given up by ', h('strong', {}, subscriber), `: ${reason}`),
    h('p', {}, h('small', {}, "It lies in the subscriber's dead-letter queue: redrive it from there.")),
    h('p', { class: 'actions' }, traceLink(id)),
    h('div', { class: 'place' }),
  );
}

/** Nobody is there to send it to. */
function abandonedItem({ id, type, subscriber }: DeadMessage): Child {
  return h(
    'li',
    {},
    h('code', {}, id),
    h('p', {}, h('strong', {}, type), ' had not ended at ', h('strong', {}, subscriber), ' when that was removed'),
    h('p', { class: 'actions' }, traceLink(id)),
    h('div', { class: 'place' }),
  );
}

function givenUpInWords(dead: readonly DeadMessage[]): string {
  const abandoned = dead.filter(({ isAbandoned }) => isAbandoned).length;
  if (abandoned === 0) return 'Dead-lettered';
  return abandoned < dead.length ? 'Dead-lettered or abandoned' : 'Abandoned';
}

function traceLink(id: string): Child {
  return h('a', { class: 'button', href: `/trace/${id}`, 'data-trace': id, 'aria-label': `Trace ${id}` }, 'Trace');
}
