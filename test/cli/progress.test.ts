import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createProgress } from '../../lib/cli/progress.ts';

function recorded(isTTY: boolean) {
  const written: string[] = [];
  const progress = createProgress({ isTTY, columns: 40, write: (text) => written.push(text) });
  return { progress, raw: () => written.join(''), text: () => stripVTControlCharacters(written.join('')) };
}

test('without a terminal each step is one plain line', () => {
  const { progress, raw } = recorded(false);
  progress.step('Starting');
  progress.step('Starting');
  progress.step('Half way');
  progress.note('By the way');
  progress.done('Started');
  progress.step('Ending');
  progress.done();
  progress.step('Failing');
  progress.fail();
  expect(raw()).toBe('Starting\nHalf way\nBy the way\nStarted\nEnding\nFailing\nfailed: Failing\n');
});

test('without a terminal a count is a line now and then', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { progress, raw } = recorded(false);
  for (const count of ['1', '2', '3']) progress.count(count);
  vi.advanceTimersByTime(5_000);
  for (const count of ['4', '5']) progress.count(count);
  expect(raw()).toBe('1\n4\n');
});

test('on a terminal a step is redrawn in place until it has come to its end', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { progress, raw, text } = recorded(true);
  progress.step('Starting');
  vi.advanceTimersByTime(1000);
  expect(raw()).not.toContain('\n');
  expect(text().match(/Starting/g)?.length).toBeGreaterThan(5);
  progress.done('Started');
  expect(text()).toMatch(/ {2}Started\n$/);
  const length = raw().length;
  vi.advanceTimersByTime(1000);
  expect(raw()).toHaveLength(length);
});

test('on a terminal a line never wraps, since what wraps cannot be redrawn', () => {
  const { progress, text } = recorded(true);
  progress.step('x'.repeat(200));
  progress.done('done');
  const [drawn = ''] = text().split('\r').filter(Boolean);
  expect(drawn.length).toBeLessThan(40);
});

test('a failed step ends with what failed', () => {
  const { progress, text } = recorded(true);
  progress.step('Deploying');
  progress.fail('error: no');
  expect(text()).toMatch(/ {2}error: no\n$/);
});
