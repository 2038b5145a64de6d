import { expect, test } from 'vitest';
import { AsynchronousInvocations, alarmsOn } from '../../../lib/testing/engines/index.ts';
import { VirtualClock } from '../../../lib/testing/virtual-clock.ts';

const MINUTE = 60_000;
const arnOf = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

function lambda(handler: () => Promise<unknown>, retries?: number) {
  const clock = new VirtualClock({ now: 0 });
  const dropped: unknown[] = [];
  const invocations = new AsynchronousInvocations({
    after: alarmsOn(clock),
    functions: { sweep: handler },
    ...(retries !== undefined && { retries }),
    onDropped: (name, event) => dropped.push([name, event]),
  });
  return { clock, dropped, invoke: invocations.invoke };
}

test('an event is taken at once, whatever the function makes of it', async () => {
  const { invoke } = lambda(() => new Promise(() => undefined));
  await expect(invoke(arnOf('sweep'), {})).resolves.toBeUndefined();
  await expect(invoke(arnOf('nowhere'), {})).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test.each([
  [undefined, [0, 1, 3]],
  [1, [0, 1]],
  [0, [0]],
])('with %s retries, a function that always fails is invoked after so many minutes', async (retries, minutes) => {
  const seen: number[] = [];
  const { clock, dropped, invoke } = lambda(async () => {
    seen.push(clock.now() / MINUTE);
    throw new Error('no');
  }, retries);
  await invoke(arnOf('sweep'), { n: 1 });
  await clock.advance(60 * MINUTE);
  expect(seen).toEqual(minutes);
  expect(dropped).toEqual([['sweep', { n: 1 }]]);
});
