import type { Case, Suite } from '../case.ts';
import type { Clients } from '../clients.ts';
import { holds, refused, same } from '../expect.ts';
import type { Scratch } from '../scratch.ts';
import { type Letters, letters } from './letters.ts';
import { type Execution, execute, machine, start, untilItEnds } from './state-machine.ts';

const GUIDE = 'https://docs.aws.amazon.com/step-functions/latest/dg';
const ERRORS = `${GUIDE}/concepts-error-handling.html` as const;
const TOKENS = `${GUIDE}/connect-to-resource.html` as const;
const START = 'https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html' as const;
const SEND = 'https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html' as const;

function one(name: string, cites: Case['cites'], run: Case['run'], more: Partial<Case> = {}): Case {
  return { name, cites, needs: ['step-functions'], ...more, run };
}

/** A state that says to a queue that it is tried, and fails with `Custom`. */
const failing = (queue: Letters, more: object) => ({
  Type: 'Parallel',
  Branches: [
    {
      StartAt: 'Says',
      States: {
        Says: {
          Type: 'Task',
          Resource: 'arn:aws:states:::sqs:sendMessage',
          Parameters: { QueueUrl: queue.url, MessageBody: 'tried' },
          Next: 'Fails',
        },
        Fails: { Type: 'Fail', Error: 'Custom', Cause: 'as the case wants' },
      },
    },
  ],
  End: true,
  ...more,
});
const only = (state: object, more: object = {}) => ({ StartAt: 'Only', States: { Only: state, ...more } });
const done = (Result: unknown) => ({ Type: 'Pass', Result, End: true });

const RETRIES: readonly Case[] = [
  failure('Retry tries MaxAttempts times more, then the execution fails', ERRORS, async (aws, scratch, queue) => {
    const retry = { ErrorEquals: ['Custom'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 };
    const ended = await execute(aws, scratch, only(failing(queue, { Retry: [retry] })));
    same([ended.status, ended.error], ['FAILED', 'Custom'], 'the end');
    same((await attempts(queue, 3)).length, 3, 'the attempts');
  }),
  failure('Retry waits longer by BackoffRate', ERRORS, async (aws, scratch, queue) => {
    const retry = { ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 3 };
    await execute(aws, scratch, only(failing(queue, { Retry: [retry] })));
    const [first = 0, second = 0, third = 0] = await attempts(queue, 3);
    const waits = [second - first, third - second];
    holds(waits[0]! >= 0.95 && waits[1]! >= 2.95, `it waited ${waits.map((wait) => wait.toFixed(2)).join(' and ')} s`);
  }),
  failure('Retry waits at most MaxDelaySeconds', ERRORS, async (aws, scratch, queue) => {
    const retry = {
      ErrorEquals: ['States.ALL'],
      IntervalSeconds: 1,
      MaxAttempts: 3,
      BackoffRate: 10,
      MaxDelaySeconds: 2,
    };
    await execute(aws, scratch, only(failing(queue, { Retry: [retry] })));
    const times = await attempts(queue, 4);
    same(times.length, 4, 'the attempts');
    const last = times[3]! - times[2]!;
    holds(last >= 1.95 && last < 6, `the last wait was ${last.toFixed(2)} s of 2`);
  }),
  failure(
    'the first retrier that fits is taken, and MaxAttempts 0 is no retry',
    ERRORS,
    async (aws, scratch, queue) => {
      const Retry = [
        { ErrorEquals: ['Other'], MaxAttempts: 5, IntervalSeconds: 1 },
        { ErrorEquals: ['Custom'], MaxAttempts: 0 },
        { ErrorEquals: ['States.ALL'], MaxAttempts: 5, IntervalSeconds: 1 },
      ];
      await execute(aws, scratch, only(failing(queue, { Retry })));
      same((await attempts(queue, 1)).length, 1, 'the attempts');
    },
  ),
  failure('Catch puts the error beside the input', ERRORS, async (aws, scratch, queue) => {
    const Catch = [{ ErrorEquals: ['Custom'], ResultPath: '$.error', Next: 'Caught' }];
    const definition = only(failing(queue, { Catch }), { Caught: { Type: 'Pass', End: true } });
    const { status, output } = await execute(aws, scratch, definition, { order: 7 });
    same(
      [status, output],
      ['SUCCEEDED', { order: 7, error: { Error: 'Custom', Cause: 'as the case wants' } }],
      'the end',
    );
  }),
  failure('Catch comes after Retry', ERRORS, async (aws, scratch, queue) => {
    const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 1, BackoffRate: 1 }];
    const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }];
    const ended = await execute(aws, scratch, only(failing(queue, { Retry, Catch }), { Caught: done('caught') }));
    same([(await attempts(queue, 2)).length, ended.output], [2, 'caught'], 'the attempts and the output');
  }),
  failure('an error that no catcher names fails the execution', ERRORS, async (aws, scratch, queue) => {
    const Catch = [{ ErrorEquals: ['Other'], Next: 'Caught' }];
    const ended = await execute(aws, scratch, only(failing(queue, { Catch }), { Caught: done('caught') }));
    same([ended.status, ended.error, ended.cause], ['FAILED', 'Custom', 'as the case wants'], 'the end');
  }),
];

const TOKEN_CASES: readonly Case[] = [
  token('a task token resumes the execution with the output given', {}, {}, async (aws, given, execution) => {
    await aws.api.call('states', 'SendTaskSuccess', { taskToken: given, output: '{"paid":true}' });
    const { status, output } = await execution();
    same([status, output], ['SUCCEEDED', { paid: true }], 'the end');
  }),
  token('a task token fails the task by name', catching('Declined'), {}, async (aws, given, execution) => {
    await aws.api.call('states', 'SendTaskFailure', { taskToken: given, error: 'Declined', cause: 'no money' });
    const { status, output } = await execution();
    same([status, output], ['SUCCEEDED', { Error: 'Declined', Cause: 'no money' }], 'what was caught');
  }),
  token('a task token is good once', {}, {}, async (aws, given, execution) => {
    await aws.api.call('states', 'SendTaskSuccess', { taskToken: given, output: '1' });
    await execution();
    const again = aws.api.call('states', 'SendTaskSuccess', { taskToken: given, output: '2' });
    await refused(again, 'TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken');
  }),
  token(
    'a token that nobody sends times out, which States.TaskFailed does not catch',
    {
      TimeoutSeconds: 2,
      Catch: [
        { ErrorEquals: ['States.TaskFailed'], Next: 'Wrongly' },
        { ErrorEquals: ['States.Timeout'], ResultPath: '$.error', Next: 'Caught' },
      ],
    },
    { Wrongly: done('States.TaskFailed') },
    async (_, __, execution) => {
      const { output } = await execution();
      same((output as { error?: { Error?: string } } | undefined)?.error?.Error, 'States.Timeout', 'what was caught');
    },
  ),
  token(
    'a heartbeat that stays away times out',
    { HeartbeatSeconds: 2, TimeoutSeconds: 60 },
    {},
    async (_, __, execution) => {
      const { status, error } = await execution();
      same([status, error], ['FAILED', 'States.Timeout'], 'the end');
    },
  ),
];

const MORE: readonly Case[] = [
  one('a name and an input start one execution', START, async (aws, scratch) => {
    const arn = await machine(aws, scratch, only({ Type: 'Wait', Seconds: 8, End: true }));
    const [first, again] = [await start(aws, arn, { n: 1 }, 'name'), await start(aws, arn, { n: 1 }, 'name')];
    same(again, first, 'the ARN of the second start');
    await refused(start(aws, arn, { n: 2 }, 'name'), 'ExecutionAlreadyExists');
  }),
  one('Wait waits', `${GUIDE}/state-wait.html`, async (aws, scratch) => {
    const { status, seconds } = await execute(aws, scratch, only({ Type: 'Wait', Seconds: 3, End: true }));
    holds(status === 'SUCCEEDED' && seconds >= 2.9, `it was ${status} after ${seconds.toFixed(2)} s of 3`);
  }),
  one('Map keeps the order of its items', `${GUIDE}/state-map-inline.html`, async (aws, scratch) => {
    const ItemProcessor = { StartAt: 'Each', States: { Each: { Type: 'Pass', End: true } } };
    const map = only({ Type: 'Map', ItemProcessor, End: true });
    same((await execute(aws, scratch, map, [3, 1, 2])).output, [3, 1, 2], 'the output');
  }),
  one('JSONata computes', `${GUIDE}/transforming-data.html`, async (aws, scratch) => {
    const definition = {
      QueryLanguage: 'JSONata',
      ...only({ Type: 'Pass', Output: { total: '{% $sum($states.input.lines.price) %}' }, End: true }),
    };
    const { output } = await execute(aws, scratch, definition, { lines: [{ price: 2 }, { price: 3 }] });
    same(output, { total: 5 }, 'the output');
  }),
  one(
    'StopExecution aborts',
    'https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html',
    async (aws, scratch) => {
      const arn = await machine(aws, scratch, only({ Type: 'Wait', Seconds: 60, End: true }));
      const executionArn = await start(aws, arn, {});
      await aws.api.call('states', 'StopExecution', { executionArn });
      same((await untilItEnds(aws, scratch, executionArn)).status, 'ABORTED', 'the status');
    },
  ),
];

export const STEP_FUNCTIONS: Suite = {
  service: 'step-functions',
  title: 'Step Functions',
  cases: [...RETRIES, ...TOKEN_CASES, ...MORE],
};

/** A case on a state that fails, and on the queue to which it says that it is tried. */
function failure(
  name: string,
  cites: Case['cites'],
  ask: (aws: Clients, scratch: Scratch, queue: Letters) => Promise<void>,
): Case {
  const run: Case['run'] = async (aws, scratch) => ask(aws, scratch, await letters(aws, scratch));
  return one(name, cites, run, { needs: ['step-functions', 'sqs'], seconds: 25 });
}

function catching(error: string): object {
  return { Catch: [{ ErrorEquals: [error], Next: 'Caught' }] };
}

/** When the failing state was tried, in seconds since the epoch. */
async function attempts(queue: Letters, count: number): Promise<number[]> {
  const messages = await queue.collect(count + 1, 3);
  return messages.map(({ Attributes }) => Number(Attributes?.SentTimestamp) / 1000).sort((one, other) => one - other);
}

/** A case on an execution that waits for a task token, which it has sent to a queue. */
function token(
  name: string,
  task: object,
  states: object,
  ask: (aws: Clients, given: string, execution: () => Promise<Execution>) => Promise<void>,
): Case {
  const run: Case['run'] = (aws, scratch) => withToken(aws, scratch, task, states, ask);
  return one(name, name.includes('once') ? SEND : TOKENS, run, { needs: ['step-functions', 'sqs'], seconds: 25 });
}

async function withToken(
  aws: Clients,
  scratch: Scratch,
  task: object,
  states: object,
  ask: (aws: Clients, given: string, execution: () => Promise<Execution>) => Promise<void>,
): Promise<void> {
  const queue = await letters(aws, scratch);
  const definition = only(
    {
      Type: 'Task',
      Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
      Parameters: { QueueUrl: queue.url, MessageBody: { 'token.$': '$$.Task.Token' } },
      End: true,
      ...task,
    },
    { ...('Catch' in task && { Caught: { Type: 'Pass', End: true } }), ...states },
  );
  const executionArn = await start(aws, await machine(aws, scratch, definition), {});
  const { message } = await queue.next(20);
  holds(message, 'no token came to the queue within 20 s');
  const { token: given } = JSON.parse(message.Body ?? '{}') as { token: string };
  await ask(aws, given, () => untilItEnds(aws, scratch, executionArn));
}
