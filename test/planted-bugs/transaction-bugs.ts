import type { Bug } from './bug.ts';

/** Mistakes in how effects are written. */
export const transactionBugs: readonly Bug[] = [
  {
    name: 'unknown-is-success',
    mistake: 'a transaction without an answer counts as committed',
    edits: [
      {
        file: 'transaction/commit.ts',
        find: "return { kind: 'undecided', code: error.name, again: mayPass(error) };",
        replace: "return { kind: 'committed' };",
      },
    ],
  },
  {
    name: 'outbox-apart',
    mistake: 'what a handler publishes is committed after its business writes',
    edits: [
      {
        file: 'consume/deliver.ts',
        find: 'const first = await commit(environment, actions, by);',
        replace: `const messages = actions.filter(({ role }) => role.kind === 'outbox');
    const first = await commit(
      environment,
      actions.filter(({ role }) => role.kind !== 'outbox'),
      by,
    );
    if (first.kind === 'committed' && messages.length > 0) await commit(environment, messages, by);`,
      },
    ],
  },
  {
    name: 'wrong-precedence',
    mistake: 'a row that has changed since it was read is taken for a business condition that does not hold',
    edits: [
      {
        file: 'transaction/outcome.ts',
        find: 'conflict: isConflict(role.lock, reason)',
        replace: 'conflict: false && isConflict(role.lock, reason)',
      },
    ],
  },
  {
    name: 'key-not-guarded',
    mistake: 'an idempotency key is taken, whoever has it',
    edits: [
      {
        file: 'transaction/idempotency-key.ts',
        find: "ConditionExpression: 'attribute_not_exists(pk) OR #until < :now',",
        replace: "ConditionExpression: 'attribute_not_exists(pk) OR attribute_exists(pk) OR #until < :now',",
      },
    ],
  },
  {
    name: 'key-forgotten',
    mistake: 'an idempotency key is kept for milliseconds instead of hours',
    edits: [
      {
        file: 'transaction/idempotency-key.ts',
        find: 'if (keep === undefined) return lastCopy;',
        replace: 'if (keep === undefined) return now + 24;',
      },
    ],
  },
  {
    name: 'key-kept-a-day',
    rare: true,
    mistake: 'an idempotency key is kept for a day, though copies of its message can come for weeks',
    edits: [
      {
        file: 'transaction/idempotency-key.ts',
        find: 'if (keep === undefined) return lastCopy;',
        replace: 'if (keep === undefined) return Math.min(lastCopy, now + 86_400_000);',
      },
    ],
  },
  {
    name: 'key-of-everybody',
    mistake: 'subscribers share their idempotency keys',
    edits: [
      {
        file: 'ledger/rows/once.ts',
        find: 'export function onceKey(subscriber: string,',
        replace: 'export function onceKey(_: string,',
      },
      {
        file: 'ledger/rows/once.ts',
        find: 'refuseUnfit(idempotencyKey, `An',
        replace: "const subscriber = 'all';\n  refuseUnfit(idempotencyKey, `An",
      },
    ],
  },
  {
    name: 'duplicate-without-row',
    mistake: 'a duplicate of an idempotency key ends without a row',
    edits: [
      {
        file: 'consume/deliver.ts',
        find: 'const state = await endMessage(ledgerOf(environment, bindings), ending, until, besides);',
        replace:
          "const state = 'duplicate' as string as 'handled' | 'duplicate'; void endMessage; void environment; void bindings; void until; void ending; void besides;",
      },
    ],
  },
  {
    name: 'version-not-raised',
    mistake: 'an update leaves the version of its row as it was: whoever has read the row before writes over it',
    edits: [
      {
        file: 'transaction/pending-transaction.ts',
        find: 'const add = table.version ? { ...change.add, [table.version]: 1 } : change.add;',
        replace: 'const add = change.add;',
      },
    ],
  },
  {
    name: 'put-not-validated',
    system: 'careless',
    rare: true,
    mistake: 'a whole row is written as it was given, whatever the schema of its table says',
    edits: [
      {
        file: 'transaction/pending-transaction.ts',
        find: 'const valid = validate(table.item, item, table.name) as Record<string, unknown>;',
        replace: 'const valid = item as Record<string, unknown>; void validate;',
      },
    ],
  },
  {
    name: 'update-not-validated',
    system: 'careless',
    rare: true,
    mistake: 'the columns that an update sets are written as they were given, whatever the schema of their table says',
    edits: [
      {
        file: 'transaction/change.ts',
        find: 'const made = creates ?',
        replace: 'if (given) return given;\n  const made = creates ?',
      },
    ],
  },
];
