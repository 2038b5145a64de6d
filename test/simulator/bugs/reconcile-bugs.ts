import type { Bug } from './bug.ts';

/** Mistakes in how the outbox is compared with the inboxes. */
export const reconcileBugs: readonly Bug[] = [
  {
    name: 'dead-is-missing',
    mistake: 'reconciliation names what is dead-lettered as missing',
    edits: [
      {
        file: 'runtime/reconcile/bucket.ts',
        find: '      if (end) {\n',
        replace: "      if (end && end.state !== 'dead') {\n",
      },
      {
        file: 'runtime/reconcile/inspection.ts',
        find: "return ended && { kind: 'ended'",
        replace: "return ended && ended.state !== 'dead' && { kind: 'ended'",
      },
    ],
  },
  {
    name: 'newest-not-compared',
    mistake: 'reconciliation leaves the newest message out',
    edits: [
      {
        file: 'runtime/reconcile/reconcile.ts',
        find: 'const range = messageIdRange(from, to);',
        replace: 'const range = messageIdRange(from, to - 1);',
      },
    ],
  },
];
