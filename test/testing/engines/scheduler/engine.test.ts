import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AsynchronousInvocations,
  alarmsOn,
  directWire,
  type QueueOptions,
  SchedulerEngine,
  type SchedulerEvent,
  type SchedulerOptions,
  SqsEngine,
  type Wire,
} from '../../../../lib/testing/engines/index.ts';
import { VirtualClock } from '../../../../lib/testing/virtual-clock.ts';

const START = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface BenchOptions extends Partial<Pick<SchedulerOptions, 'lateness' | 'invocations'>> {
  /** Between the Scheduler and the queues. */
  readonly wire?: Wire;
  readonly functions?: Readonly<Record<string, (event: object) => Promise<unknown>>>;
}

/** A Scheduler with a queue `orders` and a dead-letter queue `dead`, on a clock that passes by `advance`. */
function bench({ wire = directWire, functions = {}, ...options }: BenchOptions = {}) {
  const clock = new VirtualClock({ now: START });
  const sqs = new SqsEngine(clock);
  const queue = sqs.createQueue({ name: 'orders' });
  const dead = sqs.createQueue({ name: 'dead' });
  const after = alarmsOn(clock);
  const { invoke } = new AsynchronousInvocations({ after, functions });
  const engine = new SchedulerEngine({ now: clock.now, after, targets: { sqs: sqs.client(wire), invoke }, ...options });
  const events: SchedulerEvent[] = [];
  engine.onEvent((event) => events.push(event));
  const client = engine.client();
  return {
    clock,
    client,
    events,
    dead,
    addQueue: (more: QueueOptions) => sqs.createQueue(more),
    create: (more: Partial<CreateScheduleCommandInput> = {}) => client.send(new CreateScheduleCommand(input(more))),
    update: (more: Partial<CreateScheduleCommandInput> = {}) => client.send(new UpdateScheduleCommand(input(more))),
    remove: (Name: string) => client.send(new DeleteScheduleCommand({ Name })),
    get: (Name = 'wake-up') => client.send(new GetScheduleCommand({ Name })),
    sent: () => queue.messages(),
    bodies: () => queue.messages().map(({ body }) => body),
    /** Minutes after the start at which messages came. */
    minutes: () => queue.messages().map(({ sentAt }) => (sentAt - START) / MINUTE),
  };
}

const ORDERS = {
  Arn: 'arn:aws:sqs:us-east-1:000000000000:orders',
  RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
  Input: 'hello',
};

function input(more: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput {
  return {
    Name: 'wake-up',
    ScheduleExpression: 'at(2026-01-01T01:00:00)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: ORDERS,
    ...more,
  };
}

test('a one-time schedule fires at its moment, once, and stays', async () => {
  const { create, clock, bodies, minutes, get } = bench();
  const { ScheduleArn } = await create();
  await clock.advance(HOUR - 1);
  expect(bodies()).toEqual([]);
  await clock.advance(1);
  await clock.advance(10 * HOUR);
  expect([bodies(), minutes()]).toEqual([['hello'], [60]]);
  expect(await get()).toMatchObject({ Arn: ScheduleArn, State: 'ENABLED', ActionAfterCompletion: 'NONE' });
});

test('it deletes itself where it says so, and its name is free again', async () => {
  const { create, clock, get, bodies } = bench();
  await create({ ActionAfterCompletion: 'DELETE' });
  await clock.advance(HOUR - 1);
  expect(await get()).toMatchObject({ Name: 'wake-up', GroupName: 'default' });
  await clock.advance(1);
  await expect(get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await create({ ScheduleExpression: 'at(2026-01-01T02:00:00)' });
  await clock.advance(HOUR);
  expect(bodies()).toHaveLength(2);
});

test('a rate without a start begins at once, one with a start then, and an end is its end', async () => {
  const { create, clock, minutes, get } = bench();
  const EndDate = new Date(START + 10 * MINUTE);
  await create({ ScheduleExpression: 'rate(5 minutes)', EndDate, ActionAfterCompletion: 'DELETE' });
  await clock.advance(HOUR);
  expect(minutes()).toEqual([0, 5, 10]);
  await expect(get()).rejects.toThrow('does not exist');
  await create({ ScheduleExpression: 'rate(1 hour)', StartDate: new Date(START + 2 * HOUR) });
  await clock.advance(2 * HOUR);
  expect(minutes()).toEqual([0, 5, 10, 120, 180]);
});

test('a firing is late by what it was given, and those after it are not the later for it', async () => {
  const late = [59_999, 0, 30_000];
  const { create, clock, minutes } = bench({ lateness: () => late.shift() ?? 0 });
  await create({ ScheduleExpression: 'rate(1 minute)', EndDate: new Date(START + 2 * MINUTE) });
  await clock.advance(HOUR);
  expect(minutes().map((one) => one * MINUTE)).toEqual([59_999, 60_000, 150_000]);
});

test('a schedule may fire twice at once', async () => {
  const { create, clock, bodies } = bench({ invocations: () => 2 });
  await create();
  await clock.advance(HOUR);
  expect(bodies()).toEqual(['hello', 'hello']);
});

test('what was deleted or disabled in time, even while it was late, does not fire', async () => {
  const { create, update, remove, clock, bodies } = bench({ lateness: () => 30_000 });
  await create();
  await create({ Name: 'other' });
  await clock.advance(HOUR + 10_000);
  await remove('wake-up');
  await update({ Name: 'other', State: 'DISABLED' });
  await clock.advance(HOUR);
  expect(bodies()).toEqual([]);
});

test('an update replaces the moment, and what it does not say takes its default', async () => {
  const { create, update, clock, get, minutes } = bench();
  await create({ Description: 'one', ActionAfterCompletion: 'DELETE' });
  await update({ ScheduleExpression: 'at(2026-01-01T02:00:00)' });
  await clock.advance(3 * HOUR);
  expect(minutes()).toEqual([120]);
  const schedule = await get();
  expect(schedule).toMatchObject({ ActionAfterCompletion: 'NONE', CreationDate: new Date(START) });
  expect(schedule.Description).toBeUndefined();
});

test('a moment in the past never comes', async () => {
  const { create, clock, bodies } = bench();
  await create({ ScheduleExpression: 'at(2025-12-31T23:59:59)' });
  await clock.advance(HOUR);
  expect(bodies()).toEqual([]);
});

test('a target that fails is invoked again, until it answers', async () => {
  let failures = 3;
  const { create, clock, bodies, minutes, events } = bench({
    wire: async (_, apply) => {
      if (failures-- > 0) throw new Error('no answer');
      return apply();
    },
  });
  await create();
  await clock.advance(2 * HOUR);
  expect([bodies(), minutes().map((one) => one * 60 - 3600)]).toEqual([['hello'], [7]]);
  expect(events.map(({ kind, attempt }) => `${kind} ${attempt}`)).toEqual([
    'failed 0',
    'failed 1',
    'failed 2',
    'invoked 3',
  ]);
});

test('what fails too often, or for too long, is a dead letter that says why', async () => {
  const { create, clock, dead, events } = bench();
  const target = {
    ...ORDERS,
    Arn: `${ORDERS.Arn}-nowhere`,
    DeadLetterConfig: { Arn: ORDERS.Arn.replace('orders', 'dead') },
  };
  await create({ Target: { ...target, RetryPolicy: { MaximumRetryAttempts: 2 } } });
  await create({ Name: 'old', Target: { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 60 } } });
  await create({ Name: 'lost', Target: { ...target, DeadLetterConfig: {}, RetryPolicy: { MaximumRetryAttempts: 0 } } });
  await clock.advance(2 * HOUR);
  const letters = dead.messages().map(({ body, attributes }) => ({
    body,
    ...Object.fromEntries(Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue])),
  }));
  expect(letters).toMatchObject([
    {
      body: 'hello',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '2',
      ERROR_CODE: 'QueueDoesNotExist',
      SCHEDULED_TIME: '2026-01-01T01:00:00Z',
      SCHEDULE_ARN: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/wake-up',
    },
    { EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds' },
  ]);
  expect(events.filter(({ kind }) => kind === 'dropped')).toMatchObject([{ schedule: 'lost', attempt: 0 }]);
});

test('a function is invoked with the input, and again where it fails', async () => {
  const seen: unknown[] = [];
  const { create, clock } = bench({
    functions: {
      sweep: async (event) => {
        seen.push([event, (clock.now() - START) / MINUTE]);
        if (seen.length < 3) throw new Error('not yet');
      },
    },
  });
  const Arn = 'arn:aws:lambda:us-east-1:000000000000:function:sweep';
  await create({ Target: { ...ORDERS, Arn, Input: '{"at":"<aws.scheduler.scheduled-time>"}' } });
  await clock.advance(3 * HOUR);
  const event = { at: '2026-01-01T01:00:00Z' };
  expect(seen).toEqual([
    [event, 60],
    [event, 61],
    [event, 63],
  ]);
});

test('without an input, a target gets a notification', async () => {
  const { create, clock, bodies } = bench();
  const { Input: _, ...target } = ORDERS;
  await create({ Target: target });
  await clock.advance(HOUR);
  expect(JSON.parse(bodies()[0] ?? '')).toMatchObject({ source: 'aws.scheduler', time: '2026-01-01T01:00:00Z' });
});

test('a name is taken once, but the same request under its token is answered again', async () => {
  const { create, client, clock, bodies } = bench();
  const first = await create({ ClientToken: 'token' });
  expect(await create({ ClientToken: 'token' })).toEqual(first);
  await expect(create({ ClientToken: 'another' })).rejects.toMatchObject({ name: 'ConflictException' });
  await expect(create({ ClientToken: 'token', Name: 'other' })).rejects.toMatchObject({ name: 'ConflictException' });
  await clock.advance(HOUR);
  expect(bodies()).toEqual(['hello']);
  expect((await client.send(new ListSchedulesCommand({}))).Schedules).toHaveLength(1);
});

test('schedules are listed by prefix and state, page by page', async () => {
  const { create, client } = bench();
  for (const Name of ['b', 'a2', 'a1', 'a3']) await create({ Name, State: Name === 'a3' ? 'DISABLED' : 'ENABLED' });
  const pages: unknown[] = [];
  let NextToken: string | undefined;
  do {
    const query = { MaxResults: 2, ...(NextToken !== undefined && { NextToken }) };
    const page = await client.send(new ListSchedulesCommand(query));
    pages.push(page.Schedules?.map(({ Name }) => Name));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  expect(pages).toEqual([
    ['a1', 'a2'],
    ['a3', 'b'],
  ]);
  const enabled = await client.send(new ListSchedulesCommand({ NamePrefix: 'a', State: 'ENABLED' }));
  expect(enabled.Schedules?.map(({ Name }) => Name)).toEqual(['a1', 'a2']);
});

test.each([
  ['a name with a space', { Name: 'wake up' }, 'ValidationException'],
  ['an expression that is none', { ScheduleExpression: 'sometimes' }, 'ValidationException'],
  ['an unknown group', { GroupName: 'nowhere' }, 'ResourceNotFoundException'],
  ['186 retries', { Target: { ...ORDERS, RetryPolicy: { MaximumRetryAttempts: 186 } } }, 'ValidationException'],
  [
    'a FIFO queue for dead letters',
    { Target: { ...ORDERS, DeadLetterConfig: { Arn: `${ORDERS.Arn}.fifo` } } },
    'ValidationException',
  ],
  ['an end before the start', { StartDate: new Date(START + 1), EndDate: new Date(START) }, 'ValidationException'],
])('%s is refused', async (_, more, name) => {
  await expect(bench().create(more)).rejects.toMatchObject({ name });
});

test.each([
  ['a flexible time window', { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } as const }],
  ['a time zone', { ScheduleExpressionTimezone: 'Europe/Berlin' }],
  ['another service', { Target: { ...ORDERS, Arn: 'arn:aws:states:us-east-1:000000000000:stateMachine:x' } }],
])('%s is not known, and is not ignored', async (_, more) => {
  await expect(bench().create(more)).rejects.toMatchObject({ code: 'unsupported-by-engine' });
});

test(
  'whenever they are due and however late, schedules fire once each, in their own minute',
  async () => {
    const schedule = fc.record({ due: fc.integer({ min: 0, max: 7_200 }), late: fc.nat(59_999) });
    await fc.assert(
      fc.asyncProperty(fc.array(schedule, { minLength: 1, maxLength: 20, size: 'max' }), async (all) => {
        const { create, clock, sent } = bench({ lateness: (firing) => all[Number(firing.schedule)]?.late ?? 0 });
        for (const [index, { due }] of all.entries()) {
          const at = new Date(START + due * SECOND).toISOString().slice(0, 19);
          await create({ Name: `${index}`, ScheduleExpression: `at(${at})`, Target: { ...ORDERS, Input: `${index}` } });
        }
        await clock.advance(3 * HOUR);
        const moments = sent().map(({ body, sentAt }) => [Number(body), sentAt]);
        const expected = all.map(({ due, late }, index) => [index, START + due * SECOND + late]);
        expect(moments.sort(([one = 0], [other = 0]) => one - other)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  },
  MINUTE,
);
