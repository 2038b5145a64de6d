import type { Bug } from './bug.ts';

/** Mistakes in who reads which format of rows and payloads. */
export const formatBugs: readonly Bug[] = [
  {
    name: 'unknown-format-is-corrupt',
    mistake: 'a row of a format that is not known yet is passed over like bytes that are no message',
    system: 'formats',
    by: ['old-version'],
    edits: [
      {
        file: 'ledger/outbox.ts',
        find: "if (!hasCode(error, 'unknown-row-format')) reportCorrupt(",
        replace: 'if (error) reportCorrupt(',
      },
    ],
  },
  {
    name: 'unknown-encoding-is-dead',
    mistake: 'a payload that is compressed in a way that is not known yet is dead-lettered',
    system: 'formats',
    by: ['old-version'],
    edits: [
      {
        file: 'consume/read-record.ts',
        find: "hasCode(error, 'invalid-payload') || hasCode(error, 'malformed-message')",
        replace:
          "hasCode(error, 'invalid-payload') || hasCode(error, 'malformed-message') || hasCode(error, 'unknown-encoding')",
      },
    ],
  },
];
