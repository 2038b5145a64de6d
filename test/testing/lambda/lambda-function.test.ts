import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { ENVIRONMENT, type Environment } from '../../../lib/aws/environment.ts';
import { lambdaFunction, TaskTimedOut } from '../../../lib/testing/lambda/index.ts';
import { seededRandom } from '../../../lib/testing/seeded-random.ts';
import { enginesOn, testEnvironment } from '../../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../../lib/testing/virtual-clock.ts';

function stage(variables: Environment['variables'] = {}) {
  const clock = new VirtualClock({ now: 0, jumps: true });
  const environment = testEnvironment({ clock, random: seededRandom(1), engines: enginesOn(clock), variables });
  return { clock, environment };
}

test('a handler finds its environment, its name and its remaining time in its context', async () => {
  const { clock, environment } = stage({ GREETING: 'hello' });
  const handler = async (_: object, context: Context & { readonly [ENVIRONMENT]: Environment }) => {
    await clock.sleep(400);
    const { functionName, awsRequestId } = context;
    const { GREETING } = context[ENVIRONMENT].variables;
    return { functionName, awsRequestId, GREETING, left: context.getRemainingTimeInMillis() };
  };
  const invoke = lambdaFunction({ name: 'greet', handler, environment, timeout: 1_000 });
  expect(await invoke({})).toEqual({
    functionName: 'greet',
    awsRequestId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    GREETING: 'hello',
    left: 600,
  });
});

test('an event is a copy, as JSON carries it', async () => {
  const { environment } = stage();
  const event = { when: new Date(0), list: [1], nothing: undefined };
  const handler = (given: { list: number[] }) => {
    given.list.push(2);
    return given;
  };
  const invoke = lambdaFunction({ name: 'f', handler, environment });
  expect(await invoke(event)).toStrictEqual({ when: '1970-01-01T00:00:00.000Z', list: [1, 2] });
  expect(event.list).toEqual([1]);
});

test('an invocation that takes too long has failed, and what it does later harms nobody', async () => {
  const { clock, environment } = stage();
  const handler = async () => {
    await clock.sleep(5_000);
    throw new Error('too late');
  };
  const invoke = lambdaFunction({ name: 'slow', handler, environment, timeout: 2_000 });
  const failed = invoke({});
  await expect(failed).rejects.toThrow(TaskTimedOut);
  await expect(failed).rejects.toThrow(/Task timed out after 2.00 seconds/);
  await clock.sleep(10_000);
});

test('a handler that throws at once has failed', async () => {
  const { environment } = stage();
  const handler = () => {
    throw new TypeError('no');
  };
  await expect(lambdaFunction({ name: 'f', handler, environment })({})).rejects.toThrow(TypeError);
});
