import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Case, Suite } from '../case.ts';
import type { Clients } from '../clients.ts';
import { holds, refused, same } from '../expect.ts';
import type { Scratch } from '../scratch.ts';
import { Letters } from './letters.ts';

const GUIDE = 'https://docs.aws.amazon.com/eventbridge/latest/userguide';
const PUT_EVENTS = 'https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html' as const;

interface Answer {
  readonly FailedEntryCount?: number;
  readonly Entries: readonly { readonly EventId?: string; readonly ErrorCode?: string }[];
}

function one(name: string, cites: Case['cites'], run: Case['run']): Case {
  return { name, cites, needs: ['events', 'sqs'], run };
}

export const EVENTS: Suite = {
  service: 'events',
  title: 'EventBridge',
  cases: [
    one(
      'a rule sends what it matches to its queue, and nothing else',
      `${GUIDE}/eb-rules.html`,
      async (aws, scratch) => {
        const { source, queue } = await rule(aws, scratch, { 'detail-type': ['Order'] });
        await put(aws, entry(source, 'Other', { n: 1 }), entry(source, 'Order', { n: 2 }));
        const messages = await queue.collect(2, 5);
        const events = messages.map(({ Body }) => JSON.parse(Body ?? '{}') as Record<string, unknown>);
        same(
          events.map((event) => [event.source, event['detail-type'], event.detail]),
          [[source, 'Order', { n: 2 }]],
          'the events',
        );
        holds(typeof events[0]?.id === 'string' && events[0]?.version === '0', 'the event has no id or version');
      },
    ),
    one(
      'patterns compare by prefix, number, existence and exclusion',
      `${GUIDE}/eb-create-pattern-operators.html`,
      async (aws, scratch) => {
        const { source, queue } = await rule(aws, scratch, {
          detail: {
            sku: [{ prefix: 'a-' }],
            n: [{ numeric: ['>', 1, '<=', 3] }],
            note: [{ exists: false }],
            kind: [{ 'anything-but': ['test'] }],
          },
        });
        const good = { sku: 'a-1', n: 3, kind: 'sale' };
        const bad = [
          { ...good, sku: 'b-1' },
          { ...good, n: 1 },
          { ...good, note: '' },
          { ...good, kind: 'test' },
        ];
        await put(aws, ...[...bad, good].map((detail) => entry(source, 'Order', detail)));
        const messages = await queue.collect(2, 5);
        same(
          messages.map(({ Body }) => (JSON.parse(Body ?? '{}') as { detail?: unknown }).detail),
          [good],
          'the events',
        );
      },
    ),
    one('an input transformer makes the message', `${GUIDE}/eb-transform-target-input.html`, async (aws, scratch) => {
      const { source, queue } = await rule(
        aws,
        scratch,
        {},
        {
          InputTransformer: { InputPathsMap: { n: '$.detail.n' }, InputTemplate: '{"number": <n>}' },
        },
      );
      await put(aws, entry(source, 'Order', { n: 7 }));
      same(JSON.parse((await queue.next(10)).message?.Body ?? 'null'), { number: 7 }, 'the message');
    }),
    one('a disabled rule sends nothing', `${GUIDE}/eb-rules.html`, async (aws, scratch) => {
      const { source, queue, name } = await rule(aws, scratch, {});
      await aws.api.call('events', 'DisableRule', { Name: name });
      await put(aws, entry(source, 'Order', {}));
      same((await queue.collect(1, 4)).length, 0, 'the messages');
    }),
    one('11 entries are refused', PUT_EVENTS, async (aws, scratch) => {
      const entries = Array.from({ length: 11 }, () => entry(scratch.name(), 'Order', {}));
      await refused(put(aws, ...entries), 'ValidationException');
    }),
    one('an entry whose detail is no JSON fails alone, in a successful answer', PUT_EVENTS, async (aws, scratch) => {
      const good = entry(scratch.name(), 'Order', {});
      const answer = await put(aws, good, { ...good, Detail: 'no JSON' });
      same([answer.FailedEntryCount, answer.Entries.length], [1, 2], 'the failed and all entries');
      const [first, second] = answer.Entries;
      holds(first?.EventId && !first.ErrorCode, 'the good entry has no EventId');
      same(second?.ErrorCode, 'MalformedDetail', 'the code of the bad one');
    }),
  ],
};

function entry(Source: string, DetailType: string, detail: object) {
  return { Source, DetailType, Detail: JSON.stringify(detail) };
}

function put({ api }: Clients, ...Entries: readonly object[]): Promise<Answer> {
  return api.call<Answer>('events', 'PutEvents', { Entries });
}

/** A rule on the default bus for events of a source of its own, whose target is a queue. */
async function rule(aws: Clients, scratch: Scratch, pattern: object, target: object = {}) {
  const { api, sqs } = aws;
  const name = scratch.name();
  const scratchQueue = await scratch.queue();
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: scratchQueue.arn,
      },
    ],
  };
  const Attributes = { Policy: JSON.stringify(policy) };
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: scratchQueue.url, Attributes }));
  await api.call('events', 'PutRule', {
    Name: name,
    State: 'ENABLED',
    EventPattern: JSON.stringify({ source: [name], ...pattern }),
  });
  scratch.defer(() => api.call('events', 'DeleteRule', { Name: name }));
  await api.call('events', 'PutTargets', { Rule: name, Targets: [{ Id: 'queue', Arn: scratchQueue.arn, ...target }] });
  scratch.defer(() => api.call('events', 'RemoveTargets', { Rule: name, Ids: ['queue'] }));
  return { name, source: name, queue: new Letters(aws, scratch, scratchQueue) };
}
