import type { Bug } from './bug.ts';

/** Mistakes in what becomes of a message that expires before it has ended. */
export const expiryBugs: readonly Bug[] = [
  {
    name: 'expired-never-ends',
    mistake: 'a message that was lost and has expired is tried again and again, and never ends',
    system: 'offers',
    by: ['lost'],
    edits: [
      {
        file: 'reconcile/healer.ts',
        find: 'return expires !== undefined && this.#now >= expires;',
        replace: 'return expires === undefined && this.#now < 0;',
      },
    ],
  },
  {
    name: 'expired-without-letter',
    mistake: 'a message that has expired is ended as dead, and nobody is sent what becomes its letter',
    system: 'offers',
    by: ['lost'],
    edits: [
      {
        file: 'reconcile/end-case.ts',
        find: 'if (lacks) await sendIfPossible(ledger, envelope, route);',
        replace: 'if (lacks && !lacks) await sendIfPossible(ledger, envelope, route);',
      },
    ],
  },
  {
    name: 'expired-takes-effect',
    mistake: 'a message that has expired in its queue takes effect there',
    system: 'offers',
    rare: true,
    edits: [
      { file: 'consume/read-record.ts', find: 'if (expires <= received) {', replace: 'if (expires <= 0 * received) {' },
    ],
  },
];
