import type { Bug } from './bug.ts';

/** Mistakes in how effects outside are kept from happening twice. */
export const effectBugs: readonly Bug[] = [
  {
    name: 'effect-of-two-states',
    mistake: 'an effect of which nobody knows is run again without asking the service',
    system: 'payments',
    by: ['reply-lost', 'crash-after', 'error-after'],
    edits: [
      {
        file: 'effect/run-verified.ts',
        find: "if (verified.kind === 'done') return await complete(lease, effect, verified.answer);",
        replace: '',
      },
    ],
  },
  {
    name: 'effect-released-on-any-error',
    mistake: 'whatever a service answers but success is taken for not done',
    system: 'payments',
    by: ['in-use', 'error-after', 'reply-lost'],
    edits: [
      {
        file: 'effect/run-verified.ts',
        find: "await (hasCode(error, 'effect-not-done') ? lease.release() : lease.abandon());",
        replace: 'void hasCode;\n    await lease.release();',
      },
    ],
  },
  {
    name: 'effect-without-settling',
    mistake: 'a service is asked while it may still act on what its client had sent',
    system: 'payments',
    by: ['apply-late', 'request-late'],
    edits: [
      {
        file: 'effect/lease.ts',
        find: 'const settled = found.until + settle + clockSkew;',
        replace: 'const settled = found.until;',
      },
    ],
  },
  {
    name: 'effect-lease-too-short',
    mistake: 'another run takes an effect over while its owner still lives',
    system: 'payments',
    by: ['duplicate', 'reply-late', 'request-late'],
    edits: [
      {
        file: 'effect/lease.ts',
        find: 'const settled = found.until + settle + clockSkew;',
        replace: 'const settled = 0;',
      },
      {
        file: 'effect/run-verified.ts',
        find: 'const verified = await verifyBy(lease, input, verify);',
        replace: "const verified = { kind: 'notDone' } as const; void verifyBy; void verify;",
      },
    ],
  },
  {
    name: 'cancel-after-effect',
    mistake: 'a message is cancelled though its effect has begun',
    system: 'payments',
    by: ['too-late', 'cancelled'],
    edits: [
      {
        file: 'ledger/effect.ts',
        find: "ConditionExpression: 'attribute_not_exists(pk) OR taken = :none'",
        replace: "ConditionExpression: 'attribute_not_exists(pk) OR taken <> :none'",
      },
    ],
  },
  {
    name: 'effect-after-cancel',
    mistake: 'an effect begins though its message was cancelled',
    system: 'payments',
    by: ['cancelled', 'too-late'],
    edits: [
      {
        file: 'ledger/effect.ts',
        find: ` AND attribute_not_exists(\${expression.name('cancelled')})\`,\n  });\n}\n\n/** Notes`,
        replace: '`,\n  });\n}\n\n/** Notes',
      },
    ],
  },
  {
    name: 'effect-key-of-each-run',
    mistake: 'each run names its effect to the service by a key of its own',
    system: 'payments',
    by: ['reply-lost', 'crash-after', 'error-after'],
    edits: [
      {
        file: 'effect/effects.ts',
        find: '/$' + '{name}`,',
        replace: '/$' + '{name}/$' + '{request}`,',
      },
    ],
  },
  {
    name: 'effect-completed-by-another',
    mistake: 'an answer is kept by whoever comes last, though another has taken the effect over',
    system: 'payments',
    by: ['reply-late', 'request-late'],
    edits: [
      {
        file: 'ledger/effect.ts',
        find: "const condition = [is('state', seen.state), is('owner', seen.owner), is('generation', seen.generation)];",
        replace: "const condition = ['attribute_exists(' + effect + ')']; void is; void seen;",
      },
    ],
  },
  {
    name: 'effect-run-after-done',
    mistake: 'an effect that is done is run again when its message comes again',
    system: 'payments',
    by: ['crash-before', 'crash-after', 'error-before', 'throttle'],
    edits: [
      {
        file: 'effect/run-verified.ts',
        find: "if (found?.state === 'done' && found.result !== undefined) return resultIn(effect, found.result);\n  if (found) {",
        replace: "void resultIn;\n  if (found && found.state !== 'done') {",
      },
    ],
  },
  {
    name: 'effect-key-from-commit',
    mistake:
      'the time for which a service keeps a key counts from the commit of the message, so that one is buried untried',
    system: 'vouchers',
    edits: [
      {
        file: 'effect/run-keyed.ts',
        find: 'if (found && lease.now() > found.since + idempotentFor - clockSkew) {',
        replace:
          "if (lease.now() > Number.parseInt(lease.key.replaceAll('-', '').slice(0, 12), 16) + idempotentFor - clockSkew) {\n    const found = { since: 0 };",
      },
    ],
  },
];
