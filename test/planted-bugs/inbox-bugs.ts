import type { Bug } from './bug.ts';

/** Mistakes in how a message ends. */
export const inboxBugs: readonly Bug[] = [
  {
    name: 'marker-apart',
    mistake: 'the inbox row is written after the effect, in a transaction of its own',
    edits: [
      {
        file: 'consume/deliver.ts',
        find: 'const first = await commit(environment, actions, by);',
        replace: `const apart = actions.length > 1;
    const first = await commit(environment, apart ? actions.slice(1) : actions, by);
    if (apart && first.kind === 'committed') await commit(environment, actions.slice(0, 1), by);`,
      },
    ],
  },
  {
    name: 'no-condition',
    mistake: 'the inbox row is put without a condition',
    edits: [
      {
        file: 'ledger/inbox.ts',
        find: ": { ConditionExpression: 'attribute_not_exists(pk)' }",
        replace: ': {}',
      },
    ],
  },
  {
    name: 'keyed-on-transport',
    mistake: 'the inbox row is keyed on the SQS message id',
    edits: [
      { file: 'consume/invocation.ts', find: 'function: invocation.function,', replace: 'function: record.eventId,' },
      {
        file: 'ledger/inbox.ts',
        find: 'sk: { S: sk },',
        replace: 'sk: { S: ending.function },',
      },
    ],
  },
  {
    name: 'keyed-on-configuration',
    mistake: 'the key of an inbox row follows from the shard count of the day',
    edits: [
      {
        file: 'ledger/inbox.ts',
        find: 'const { pk, sk } = inboxKey(subscriber, envelope.id);',
        replace: 'const { pk, sk } = configuredKey(environment, subscriber, envelope.id);',
      },
      {
        file: 'ledger/inbox.ts',
        find: 'inboxKey(subscriber, id));',
        replace: 'configuredKey(ledger.environment, subscriber, id));',
      },
      {
        file: 'ledger/inbox.ts',
        find: 'function unended(',
        replace: `function configuredKey(environment: Environment, subscriber: string, id: string) {
  const { pk, sk } = inboxKey(subscriber, id);
  return { pk: pk + '#of' + environment.variables.WAYBILL_SHARDS, sk };
}

function unended(`,
      },
    ],
  },
  {
    name: 'remembers-half-a-minute',
    mistake: 'a message that ended half a minute ago may be handled again',
    edits: [
      {
        file: 'ledger/inbox.ts',
        find: ": { ConditionExpression: 'attribute_not_exists(pk)' }",
        replace: `: {
          ConditionExpression: 'attribute_not_exists(pk) OR #hops.#ended < :recent',
          ExpressionAttributeNames: { '#hops': 'hops', '#ended': 'ended' },
          ExpressionAttributeValues: { ':recent': { N: String(environment.now() - 30_000) } },
        }`,
      },
      {
        file: 'consume/deliver.ts',
        find: "if (row && !(record.redriven && row.state === 'dead')) return payOwed(invocation, record, envelope, row);",
        replace:
          "if (row && row.state !== 'dead' && row.hops.ended > environment.now() - 30_000) return { kind: 'already' };",
      },
    ],
  },
  {
    name: 'expires-before-its-message',
    mistake: 'an inbox row lives for a day, its message for two weeks',
    edits: [
      {
        file: 'ledger/inbox.ts',
        find: 'String(ttlAfter(envelope.expires))',
        replace: 'String(ttlAfter(envelope.expires) - 16 * 86_400)',
      },
    ],
  },
];
