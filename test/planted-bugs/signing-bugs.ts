import type { Bug } from './bug.ts';

/** Mistakes in signatures. */
export const signingBugs: readonly Bug[] = [
  {
    name: 'unsigned-is-taken',
    mistake: 'a message without a signature is taken, as before there were any',
    system: 'forged',
    by: ['forged-messages'],
    edits: [
      {
        file: 'message/signature.ts',
        find: "if (signature === undefined) return wrong('The message has no signature');",
        replace: 'if (signature === undefined) return undefined;',
      },
    ],
  },
  {
    name: 'payload-not-signed',
    mistake: 'what a message says of itself is signed, and its payload is not',
    system: 'forged',
    by: ['forged-messages'],
    edits: [
      {
        file: 'message/signature.ts',
        find: 'JSON.stringify([...attributes, payloadOf(envelope)])',
        replace: 'JSON.stringify([...attributes, payloadOf(envelope) === undefined])',
      },
    ],
  },
  {
    name: 'forged-ends-its-own',
    mistake: 'a forged message ends as dead under the id that it bears, so that the right one never takes effect',
    system: 'forged',
    by: ['forged-messages'],
    edits: [
      {
        file: 'consume/read-record.ts',
        find: "return found && { kind: 'refused', ...found };",
        replace: "return found && { kind: 'refused', ...found, envelope };",
      },
    ],
  },
];
