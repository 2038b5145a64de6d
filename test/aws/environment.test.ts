import { afterEach, expect, test, vi } from 'vitest';
import { createEnvironment } from '../../lib/aws/environment.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { METRICS } from '../../lib/contract/metrics.ts';

afterEach(() => void vi.restoreAllMocks());

/** What functions print for CloudWatch, read back. */
function counted(variables: Readonly<Record<string, string>>): object {
  const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const { metrics } = createEnvironment(variables);
  metrics.count('asked', 2);
  metrics.flush();
  return JSON.parse(String(printed.mock.calls[0]?.[0])) as object;
}

test('what a function counts is counted of its ledger', () => {
  expect(counted({ [BINDINGS.ledger]: 'shop-ledger' })).toMatchObject({
    asked: 2,
    ledger: 'shop-ledger',
    service: METRICS.service,
    _aws: { CloudWatchMetrics: [{ Namespace: METRICS.namespace, Dimensions: [['service', 'ledger']] }] },
  });
});

test('without a ledger it is counted all the same', () => {
  expect(counted({})).toMatchObject({ asked: 2, _aws: { CloudWatchMetrics: [{ Dimensions: [['service']] }] } });
});

test('a sleep that is called off ends at once, whether before it began or while it lasts', async () => {
  vi.useFakeTimers();
  try {
    const { sleep } = createEnvironment({});
    await sleep(60_000, AbortSignal.abort());
    const calledOff = new AbortController();
    const slept = sleep(60_000, calledOff.signal);
    calledOff.abort();
    await slept;
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
