import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { EFFECT_PREFIX } from '../../ledger/rows/layout.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Violation } from './violation.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;

/** E: what a service answered is kept by whoever has the effect, and by nobody from whom it was taken over. */
export function checkLeases({ entries }: Pick<RunRecord, 'entries'>): Violation[] {
  return entries.flatMap((entry): Violation[] => {
    if (entry.kind !== 'row') return [];
    const { key, before, after } = entry.change;
    if (!after || !key.pk?.S?.startsWith(EFFECT_PREFIX)) return [];
    return Object.keys(after).flatMap((name) =>
      completedByAnother(`${key.pk?.S} ${name}`, before?.[name], after[name]),
    );
  });
}

function completedByAnother(what: string, before?: AttributeValue, after?: AttributeValue): Violation[] {
  const [was, is] = [leaseIn(before?.M), leaseIn(after?.M)];
  if (!was || is?.state !== 'done') return [];
  if (was.owner === is.owner && was.generation === is.generation) return [];
  return [{ invariant: 'E', what: `${what} was completed by ${is.owner}, and ${was.owner} had it` }];
}

function leaseIn(effect: Attributes | undefined) {
  if (!effect?.owner) return undefined;
  return { state: effect.state?.S, owner: effect.owner.S, generation: effect.generation?.N };
}
