import { readFileSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { Ledger, LedgerAlarms, LedgerDashboard, QueueChannel, StreamChannel } from '../../lib/public/constructs.ts';
import { tableRows } from '../../scripts/docs/table-rows.ts';
import { handlerIn, OrderPlaced, testStack } from './shop-app.ts';

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = textOf('docs/footprint.md');
const TYPES = ['AWS::Lambda::Function', 'AWS::SQS::Queue', 'AWS::CloudWatch::Alarm', 'AWS::Scheduler::Schedule'];

interface Shop {
  readonly channel?: typeof QueueChannel | typeof StreamChannel;
  readonly subscribers?: number;
  readonly alarms?: boolean;
  readonly dashboard?: boolean;
}

test('docs/footprint.md says how many functions, queues, alarms and schedules each construct brings', () => {
  const alone = counts({});
  const ledger = counts({ channel: QueueChannel });
  const one = counts({ channel: QueueChannel, subscribers: 1 });
  const stream = counts({ channel: StreamChannel });
  const alarmed = less(counts({ alarms: true }), alone);
  const alarmsOf = (subscribers: number) =>
    less(counts({ channel: QueueChannel, subscribers, alarms: true }), counts({ channel: QueueChannel, subscribers }));
  const ofSubscriber = less(alarmsOf(2), alarmsOf(1));
  const measured = [
    alone,
    less(ledger, alone),
    less(one, ledger),
    less(stream, alone),
    less(counts({ channel: StreamChannel, subscribers: 1 }), stream),
    alarmed,
    ofSubscriber,
    less(less(alarmsOf(1), alarmed), ofSubscriber),
    less(counts({ dashboard: true }), alone),
  ];
  const told = tableRows(page).slice(0, measured.length);

  expect(told.map(([, ...cells]) => cells.slice(0, TYPES.length).map(Number))).toEqual(measured);
});

test('it says what a ledger with three subscribers comes to, and README.md says the same', () => {
  const [functions, queues, alarms] = counts({ channel: QueueChannel, subscribers: 3, alarms: true, dashboard: true });

  const sum = `${functions} functions, ${queues} queues and ${alarms} alarms`;
  expect(page).toContain(`**${sum}**`);
  expect(textOf('README.md')).toContain(sum);
});

function counts({ channel: Channel, subscribers = 0, alarms = false, dashboard = false }: Shop): number[] {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const channel = Channel && new Channel(stack, 'Channel', { ledger, events: [OrderPlaced] });
  for (let number = 0; number < subscribers; number++) {
    const definition = defineSubscriber(`subscriber-${number}`, { consumes: [OrderPlaced] });
    channel?.addSubscriber(definition, { handler: handlerIn(stack, `Handler${number}`) });
  }
  if (alarms) new LedgerAlarms(stack, 'Alarms', { ledger });
  if (dashboard) new LedgerDashboard(stack, 'Dashboard', { ledger });
  const { Resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Type: string }> };
  return TYPES.map((type) => Object.values(Resources).filter(({ Type }) => Type === type).length);
}

function less(whole: readonly number[], part: readonly number[]): number[] {
  return whole.map((count, index) => count - (part[index] ?? 0));
}
