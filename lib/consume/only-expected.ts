import type { Envelope } from '../message/envelope.ts';
import type { Invocation } from './invocation.ts';
import { ownRoutesOf } from './own-routes.ts';
import { type Received, type RecordContent, unknownType } from './read-record.ts';

/**
 * What came by a stream is skipped where the subscriber is not to get it, and nothing else is: a type that its code does not know
 * waits for a deploy where there is a route for it. A redrive has been asked for.
 */
export async function onlyExpected(invocation: Invocation, batch: readonly Received[]): Promise<readonly Received[]> {
  const known = await withoutUnexpected(invocation, batch);
  const { environment, bindings, subscriber } = invocation;
  const unknown = known.filter(
    ({ record, content }) =>
      record.streamed && content.kind === 'skipped' && content.envelope?.ledger === bindings.ledger,
  );
  if (unknown.length === 0) return known;
  const own = ownRoutesOf(environment, bindings, subscriber.name);
  const isOwn = new Set(await own.expectedAmong(unknown.flatMap(({ content }) => envelopeIn(content) ?? [])));
  return known.map((received) => {
    const { record, content } = received;
    const envelope = content.kind === 'skipped' ? content.envelope : undefined;
    if (!envelope || !isOwn.has(envelope)) return received;
    return { record, content: { kind: 'failed', error: unknownType(subscriber.name, envelope), envelope } };
  });
}

/** The same of the types that its code knows. */
async function withoutUnexpected(invocation: Invocation, batch: readonly Received[]): Promise<readonly Received[]> {
  const { environment, bindings, subscriber } = invocation;
  const doubtful = batch.flatMap(({ record, content }) => {
    const envelope = record.streamed && !record.redriven ? envelopeIn(content) : undefined;
    const isOwn =
      envelope?.ledger === bindings.ledger && subscriber.consumes.some(({ type }) => type === envelope.type);
    return envelope && isOwn ? [{ record, envelope }] : [];
  });
  if (doubtful.length === 0) return batch;
  const own = ownRoutesOf(environment, bindings, subscriber.name);
  const verdicts = await own.judge(doubtful.map(({ envelope }) => envelope));
  const judged = new Map(doubtful.map((one, index) => [one.record, { ...one, verdict: verdicts[index] }]));
  return batch.map((received) => {
    const { verdict = 'expected', envelope } = judged.get(received.record) ?? {};
    if (verdict === 'expected' || !envelope) return received;
    const { record } = received;
    return verdict === 'unexpected'
      ? { record, content: { kind: 'skipped' } }
      : { record, content: { kind: 'failed', error: verdict, envelope } };
  });
}

function envelopeIn({ envelope }: RecordContent): Envelope | undefined {
  return envelope;
}
