import { PRODUCER } from '../faults/site.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Evidence } from './evidence.ts';
import type { Violation } from './violation.ts';

const MESSAGE_ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** What the messages are that violations name: a line for each, with its type, its key, and what published it. */
export function citedMessages(violations: readonly Violation[], record: RunRecord, evidence: Evidence): string[] {
  const ids = new Set(violations.flatMap(({ what }) => what.match(MESSAGE_ID) ?? []));
  return [...ids].flatMap((id) => {
    const envelope = evidence.committed.get(id)?.envelope;
    if (!envelope) return [];
    return [`${id} is ${envelope.type} of '${envelope.partitionkey}'${publisherOf(id, record, evidence)}`];
  });
}

function publisherOf(id: string, record: RunRecord, { effects }: Evidence): string {
  const origin = effects.find(({ published }) => published.some((envelope) => envelope.id === id))?.origin;
  if (!origin) return '';
  if (origin.actor !== PRODUCER) return `, published by '${origin.actor}'`;
  const asked = record.entries.find(
    (entry) => entry.kind === 'invocation' && entry.actor === PRODUCER && entry.invocation === origin.invocation,
  );
  const { step } = (asked?.kind === 'invocation' ? asked.event : {}) as { readonly step?: number };
  return step === undefined ? '' : `, published by step ${step} of the workload`;
}
