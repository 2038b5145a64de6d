import { decoded, textsIn } from './evidence.ts';
import type { RunRecord } from './run-record.ts';
import { RELAY } from './site.ts';
import { type System, streamOf } from './system.ts';
import type { Violation } from './violation.ts';

/**
 * L, at each hop: an event source deletes a message once it has ended, and the relay returns once every copy is sent. What
 * is let go too early reconciliation finds, and sends again: it is no excuse.
 */
export function checkPromises(system: System, { entries }: RunRecord, ledger: string): Violation[] {
  const ended = new Set<string>();
  const sent = new Set<string>();
  const given = new Map<number, readonly string[]>();
  const wrong: string[] = [];
  for (const entry of entries) {
    if (entry.kind === 'row' && entry.change.table === ledger) {
      const [kind, subscriber] = (entry.change.key.pk?.S ?? '').split('#');
      if (kind === 'in' && entry.change.after) ended.add(`${subscriber} ${entry.change.key.sk?.S}`);
    } else if (entry.kind === 'stream') {
      sent.add(`${entry.stream} ${decoded(Buffer.from(entry.record.data).toString())?.id}`);
    } else if (entry.kind === 'queue') {
      const { kind, queue, message } = entry.event;
      const id = decoded(message.body)?.id;
      const subscriber = queue.replace(/-backstop$/, '');
      const isOwn = system.subscribers.some(({ name }) => name === subscriber);
      if (kind === 'sent') sent.add(`${queue} ${id}`);
      else if (kind === 'deleted' && entry.origin && id && isOwn && !ended.has(`${subscriber} ${id}`)) {
        wrong.push(`${id} was acknowledged at ${subscriber}, and had not ended`);
      }
    } else if (entry.kind === 'invocation' && entry.actor === RELAY) {
      given.set(entry.invocation, textsIn(entry.event));
    } else if (entry.kind === 'returned' && entry.actor === RELAY) {
      for (const text of given.get(entry.invocation) ?? []) wrong.push(...unsent(system, text, sent));
    }
  }
  return wrong.map((what) => ({ invariant: 'L', what }));
}

/** The copies of a message that had not been sent when the relay was done with it. */
function unsent(system: System, text: string, sent: ReadonlySet<string>): string[] {
  const envelope = decoded(text);
  if (!envelope) return [];
  return system.subscribers.flatMap(({ name, consumes }) => {
    const to = streamOf(system, name) ?? name;
    if (!consumes.some(({ type }) => type === envelope.type) || sent.has(`${to} ${envelope.id}`)) return [];
    return [`the relay was done with ${envelope.id}, and had not sent it to ${to}`];
  });
}
