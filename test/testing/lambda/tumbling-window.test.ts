import { expect, test } from 'vitest';
import { InvalidMapping, type StreamMapping } from '../../../lib/testing/lambda/index.ts';
import { bench, data, recording } from './bench.ts';

const MINUTE = 60_000;
/** Windows last for minutes: it need not look ten times a second. */
const SELDOM = { interval: 2_000 };

interface WindowEvent {
  readonly window: { readonly start: string; readonly end: string };
  readonly state: { readonly count?: number };
  readonly shardId: string;
  readonly eventSourceARN: string;
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

/** What a function was told of: its records, the state before them, and whether it was the last of the window. */
const told = (event: object) => {
  const { state, window, isFinalInvokeForWindow: isFinal, isWindowTerminatedEarly: isEarly } = event as WindowEvent;
  return [
    window.start.slice(11, 16),
    data(event).join(' '),
    state.count ?? 0,
    ...(isFinal ? ['final'] : []),
    ...(isEarly ? ['early'] : []),
  ].join(', ');
};

const counting = (_: unknown, event: object) => ({
  state: { count: ((event as WindowEvent).state.count ?? 0) + data(event).length },
});

function windowBench(more: Partial<StreamMapping> = {}, reply: Parameters<typeof recording>[1] = counting) {
  const it = bench();
  it.engines.kinesis.createStream({ name: 'sales' });
  const { seen, invoke } = recording(told, reply as never);
  const source = it.poller([{ kind: 'stream', streamName: 'sales', invoke, tumblingWindow: MINUTE, ...more }], SELDOM);
  return {
    ...it,
    seen,
    source,
    put: (...texts: string[]) => it.put('sales', ...texts.map((text) => ['k', text] as const)),
  };
}

test('a function hands its state on within a window, and is told of the last invocation', async () => {
  const { put, clock, seen, source } = windowBench({ batchSize: 2 });
  await put('a', 'b', 'c');
  clock.pass(MINUTE);
  await put('d');
  await source.runUntilIdle({ within: '10m' });
  expect(seen).toEqual(['00:00, a b, 0', '00:00, c, 2', '00:00, , 3, final', '00:01, d, 0', '00:01, , 1, final']);
});

test('a batch never holds records of two windows, and says where they lie', async () => {
  const { engines, clock, put, poller } = windowBench();
  await put('a');
  clock.pass(MINUTE);
  await put('b');
  const { seen, invoke } = recording((event) => event as WindowEvent, counting);
  await poller([{ kind: 'stream', streamName: 'sales', invoke, tumblingWindow: MINUTE }], SELDOM).runUntilIdle({
    within: '10m',
  });
  expect(seen[0]).toMatchObject({
    window: { start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:01:00Z' },
    state: {},
    shardId: engines.kinesis.shards('sales')[0]?.id,
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/sales',
    isFinalInvokeForWindow: false,
    isWindowTerminatedEarly: false,
  });
  expect(seen.map(({ window }) => window.start.slice(14, 16))).toEqual(['00', '00', '01', '01']);
});

test('a window in which nothing more comes is over two minutes after its end', async () => {
  const { put, clock, source, poller } = windowBench();
  await put('a');
  const began = clock.now();
  const { seen, invoke } = recording(
    (event) => [(event as WindowEvent).isFinalInvokeForWindow, clock.now() - began],
    counting,
  );
  await poller([{ kind: 'stream', streamName: 'sales', invoke, tumblingWindow: MINUTE }], SELDOM).runUntilIdle({
    within: '10m',
  });
  expect(seen.map(([isFinal]) => isFinal)).toEqual([false, true]);
  expect(seen[1]?.[1]).toBeGreaterThanOrEqual(3 * MINUTE);
  expect(seen[1]?.[1]).toBeLessThan(3 * MINUTE + 5_000);
  await source.stop();
});

test('a batch that fails, or answers without a state, comes again with the state that it had', async () => {
  const { put, seen, source } = windowBench({ batchSize: 1 }, (_: unknown, event: object, times: number) => {
    if (times === 2) throw new Error('no');
    return times === 3 ? {} : counting(_, event);
  });
  await put('a', 'b');
  await source.runUntilIdle({ within: '10m' });
  expect(seen).toEqual(['00:00, a, 0', '00:00, b, 1', '00:00, b, 1', '00:00, b, 1', '00:00, , 2, final']);
});

test('nothing goes on before the last invocation of a window has succeeded', async () => {
  let failures = 3;
  const { put, clock, seen, source } = windowBench({ retryAttempts: 0 }, (_: unknown, event: object) => {
    if ((event as WindowEvent).isFinalInvokeForWindow && failures-- > 0) throw new Error('no');
    return counting(_, event);
  });
  await put('a');
  clock.pass(MINUTE);
  await put('b');
  await source.runUntilIdle({ within: '10m' });
  const final = '00:00, , 1, final';
  expect(seen).toEqual(['00:00, a, 0', final, final, final, final, '00:01, b, 0', '00:01, , 1, final']);
});

test('a state above 1 MiB terminates its window early, which goes on with a fresh one', async () => {
  const { put, seen, source } = windowBench({ batchSize: 1 }, (_: unknown, event: object) => {
    const { state } = counting(_, event);
    return { state: { ...state, ...(data(event)[0] === 'large' && { large: 'x'.repeat(1024 * 1024) }) } };
  });
  await put('a', 'large', 'b');
  await source.runUntilIdle({ within: '10m' });
  expect(seen).toEqual([
    '00:00, a, 0',
    '00:00, large, 1',
    '00:00, , 2, final, early',
    '00:00, b, 0',
    '00:00, , 1, final',
  ]);
});

test('a window is over with its shard, and the children begin afresh', async () => {
  const { put, seen, source, reshard } = windowBench();
  await put('a');
  await reshard('sales', 0);
  await put('b');
  await source.runUntilIdle({ within: '10m' });
  expect(seen).toEqual(['00:00, a, 0', '00:00, , 1, final', '00:00, b, 0', '00:00, , 1, final']);
});

test('more than 15 minutes are refused, and so are parallel batches of a shard', () => {
  expect(() => windowBench({ tumblingWindow: 901_000 })).toThrow(InvalidMapping);
  expect(() => windowBench({ parallelizationFactor: 2 })).toThrow(InvalidMapping);
});
