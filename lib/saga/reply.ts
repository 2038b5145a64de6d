import type { InboxRow } from '../ledger/rows/inbox.ts';
import type { SagaStepRow } from '../ledger/rows/saga.ts';

/** What a task of a state machine is answered with. */
export type Reply =
  | { readonly kind: 'success'; readonly output: string }
  | { readonly kind: 'failure'; readonly code: string; readonly reason: string };

/**
 * What a command is answered with: its step's row says, whichever command has brought it there, and however often that is
 * asked. Where the row does not, the message has ended without having had its effect.
 */
export function replyTo(
  kind: 'run' | 'undo',
  row: SagaStepRow | undefined,
  { state, reason, detail }: Pick<InboxRow, 'state'> & Partial<InboxRow>,
): Reply {
  const isUndone = row?.state === 'undone' || row?.state === 'void';
  if (kind === 'undo' && isUndone) return { kind: 'success', output: '{}' };
  if (kind === 'run') {
    if (row?.state === 'done') return { kind: 'success', output: row.output ?? '{}' };
    if (row?.state === 'refused') return { kind: 'failure', code: row.code ?? 'rejected', reason: row.reason ?? '' };
    if (isUndone) return { kind: 'failure', code: 'step-undone', reason: 'The step was undone before it ran' };
  }
  return { kind: 'failure', code: reason ?? state, reason: detail ?? `The command has ended: ${state}` };
}
