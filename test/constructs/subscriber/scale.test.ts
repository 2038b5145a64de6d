import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { expect, test, vi } from 'vitest';
import { InvalidConstruct, LedgerAlarms, LedgerWatcher } from '../../../lib/public/constructs.ts';
import { shop } from '../rules/proved-shop.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

test('a subscriber that does not scale has no scaler, and no controller', () => {
  const text = JSON.stringify(Template.fromStack(shop().stack).toJSON());
  expect(text).not.toMatch(/waybill:scaler|UpdateEventSourceMapping|scale#/);
});

test('one that scales begins with its least, and is told to the scaler each minute, from another stack too', () => {
  const { stacks } = shop({ spread: true, queue: { scale: { max: 40, cooldown: Duration.seconds(30) } } });
  const templates = stacks.map((stack) => Template.fromStack(stack));
  const has = (type: string, props: object) =>
    templates.reduce((sum, one) => sum + Object.keys(one.findResources(type, { Properties: props })).length, 0);
  expect(has('AWS::Lambda::EventSourceMapping', { ScalingConfig: { MaximumConcurrency: 2 } })).toBe(1);
  const input = JSON.stringify({ scale: { 'reserve-stock': { max: 40, cooldown: 30_000 } } });
  expect(has('AWS::Scheduler::Schedule', { Target: Match.objectLike({ Input: input }) })).toBe(1);
});

test('scaler and controller reach what is tagged, and no more: the scaler sets nothing', () => {
  const template = Template.fromStack(shop({ queue: { scale: {} } }).stack);
  const allowed = (role: RegExp) =>
    Object.values(template.findResources('AWS::IAM::Policy'))
      .filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => role.test(Ref)))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .flatMap(({ Action, Condition }) =>
        [Action].flat().map((action: string) => [action, JSON.stringify(Condition)] as const),
      );
  const tagged = /aws:ResourceTag\/waybill:(scaler|controller)/;
  const scaler = new Map(allowed(/Scaler.*Role/));
  expect([...scaler.keys()]).not.toContain('lambda:UpdateEventSourceMapping');
  expect(scaler.get('sqs:GetQueueAttributes')).toMatch(tagged);
  const controller = allowed(/Controller.*Role/).filter(([action]) => action === 'lambda:UpdateEventSourceMapping');
  for (const [, condition] of controller) expect(condition).toMatch(tagged);
  expect(controller.map(([, condition]) => tagged.exec(condition ?? '')?.[1]).sort()).toEqual(['controller', 'scaler']);
});

test.each([
  [{ min: 0 }, 'from 1 to 1000'],
  [{ min: 5, max: 4 }, 'from `min`, 5, to 1000'],
  [{ doubleAbove: 1_000 }, 'or it would flap'],
  [{ cooldown: Duration.hours(2) }, 'up to 1 hour'],
  [{ forecast: { perSecond: 0 } }, 'that one invocation handles a second'],
])('a scaler out of range is refused: %o', (scale, said) => {
  expect(() => shop({ queue: { scale } })).toThrow(InvalidConstruct);
  expect(() => shop({ queue: { scale } })).toThrow(said);
});

test('a concurrency beside it is refused', () => {
  expect(() => shop({ queue: { scale: {}, maxConcurrency: 5 } })).toThrow('give `scale: { min, max }` alone');
});

test('a watcher has every subscriber looked at, also those that come later, and an alarm of its own', () => {
  const { stack, stacks, ledger } = shop({ spread: true });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  new LedgerWatcher(stack, 'Watcher', { ledger });
  const template = Template.fromStack(stacks.find((one) => one.node.id === 'Ledgers') ?? stack);
  const timeouts = { 'reserve-stock': 20_000, 'count-sales': 20_000 };
  const input = JSON.stringify({ scale: {}, watch: ['reserve-stock', 'count-sales'], timeouts });
  template.hasResourceProperties('AWS::Scheduler::Schedule', { Target: Match.objectLike({ Input: input }) });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'stalled' });
});

test('one of a stream begins with its least by shard, and scaler and controller may read what comes, and change its shards, and no others', () => {
  const { stack } = shop({ fromStream: { scale: { min: 2, maxShards: 8 } }, stream: { shardCount: 2 } });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { ParallelizationFactor: 2, BatchSize: 100 });
  const input = JSON.stringify({ scale: { 'count-sales': { min: 2, shards: { min: 2, max: 8 } } } });
  template.hasResourceProperties('AWS::Scheduler::Schedule', { Target: Match.objectLike({ Input: input }) });
  template.hasResourceProperties('AWS::Kinesis::Stream', {
    Tags: Match.arrayWith([Match.objectLike({ Key: 'waybill:scaler' })]),
  });
  const statements = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(
    ({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[]; Condition?: object }[],
  );
  const of = (action: string) => statements.filter(({ Action }) => [Action].flat().includes(action));
  expect(of('kinesis:UpdateShardCount').map(({ Condition }) => JSON.stringify(Condition))).toEqual([
    expect.stringContaining('aws:ResourceTag/waybill:scaler'),
  ]);
  expect(of('cloudwatch:GetMetricData')).toHaveLength(1);
  expect(() =>
    shop({ spread: true, fromStream: { scale: { maxShards: 8 } }, stream: { shardCount: 2 } }),
  ).not.toThrow();
  const still = Template.fromStack(shop({ fromStream: { scale: {} } }).stack);
  expect(JSON.stringify(still.toJSON())).not.toContain('kinesis:UpdateShardCount');
});

test.each([
  [{ fromStream: { scale: { max: 11 } } }, 'to 10'],
  [{ fromStream: { scale: { maxShards: 4 } } }, 'Kinesis itself scales a stream on demand'],
  [{ fromStream: { scale: { maxShards: 1 } }, stream: { shardCount: 2 } }, 'from `shardCount`, 2'],
  [{ fromStream: { scale: { forecast: { perSecond: 5 } } } }, 'is for queues'],
  [{ fromStream: { scale: {}, parallelizationFactor: 3 } }, '`parallelizationFactor` is what `scale` sets'],
  [{ queue: { scale: { maxShards: 4 } } }, 'a queue has no shards'],
])('a scaler out of range of a stream is refused: %o', (options, said) => {
  expect(() => shop(options)).toThrow(said);
});

test('a forecast lets the scaler read what the radar counted, and has an alarm of its own', () => {
  const { stack, ledger } = shop({ queue: { scale: { forecast: { perSecond: 10 } } } });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'forecast.below' });
  const radar = (one: Template) =>
    Object.entries(one.findResources('AWS::IAM::Policy')).filter(
      ([id, policy]) => id.includes('Scaler') && JSON.stringify(policy).includes('radar#*'),
    );
  expect(radar(template)).toHaveLength(1);
  expect(radar(Template.fromStack(shop({ queue: { scale: {} } }).stack))).toEqual([]);
});

test('an alarm rings when all that it may take on is not enough', () => {
  const { stack, ledger } = shop({ queue: { scale: {} } });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'scale.exhausted' });
});
