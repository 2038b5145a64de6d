import { describe, expect, test } from 'vitest';
import { defineSaga, defineStep } from 'waybill';
import { z } from 'zod';

const input = z.object({ orderId: z.string() });
const Prepare = defineStep('prepare', { input });
const select = (known: { readonly input: { readonly orderId: string } }) => ({ orderId: known.input.orderId });
const saga = (name = 'approve', options: object = {}) =>
  defineSaga(name, { input, key: ({ orderId }) => orderId, ...options });
const step = (name: string, options: object = {}) => saga().step(name, Prepare, select, options);
const names = (count: number) => Array.from({ length: count }, (_, index) => `step${index}`);
const chain = (count: number) =>
  names(count)
    .reduce((begun, name) => begun.step(name, Prepare, select) as never, saga())
    .ends();
const sideBySide = (count: number) =>
  saga().all(Object.fromEntries(names(count).map((name) => [name, [Prepare, select] as const])));

describe('a saga is refused at its declaration', () => {
  test.each([
    ['a name that is none', () => saga('Approve'), /^'Approve' is not a saga name: give at most 40 characters/],
    ['a name of 41 characters', () => saga('a'.repeat(41)), /is not a saga name/],
    ['a step whose name is none', () => step('Prepare'), /^'Prepare' of the saga 'approve' is not a step name: give/],
    ['a step name of 33 characters', () => step('a'.repeat(33)), /is not a step name/],
    ['a step of the name of its input', () => step('input'), /is not a step name/],
    ['a step of the name of a failure', () => step('failure'), /is not a step name/],
    [
      'a step that is none',
      () => saga().step('prepare', JSON.parse('{}'), select),
      /is no step: give what `defineStep`/,
    ],
    ['a step without a selection', () => saga().step('prepare', Prepare, undefined as never), /is asked for nothing/],
    ['a step twice', () => step('prepare').step('prepare', Prepare, select), /has the step 'prepare' twice/],
    ['a step of less than a second', () => step('prepare', { within: '999ms' }), /give `within` from '1s' to '14d'/],
    ['a step of more than 14 days', () => step('prepare', { within: '337h' }), /may take 337h: give `within`/],
    ['no step', () => saga().ends(), /^The saga 'approve' has no step: give one/],
    ['51 steps', () => chain(51), /has more than 50 steps/],
    ['one step side by side', () => sideBySide(1), /has 1 steps side by side: give `all` from 2 to 20/],
    ['21 steps side by side', () => sideBySide(21), /has 21 steps side by side/],
    [
      'an end that is no event',
      () => step('prepare').ends({ completed: {} as never }),
      /ends as completed with what is no/,
    ],
    ['tries that are no number', () => saga('approve', { unwind: { tries: 0.5 } }), /tries an undo 0.5 times again/],
    ['tries below none', () => saga('approve', { unwind: { tries: -1 } }), /from 0 to 1000/],
    ['1001 tries', () => saga('approve', { unwind: { tries: 1_001 } }), /from 0 to 1000/],
    ['no pause between tries', () => saga('approve', { unwind: { longest: '0s' } }), /^'0s' is not a duration/],
    ['a pause of more than a day', () => saga('approve', { unwind: { longest: '86401s' } }), /up to 86401s apart/],
  ])('for %s', (_, declare, message) => {
    expect(declare).toThrow(message);
  });

  test('but not at its limits', () => {
    expect(saga('a'.repeat(40)).step('a'.repeat(32), Prepare, select, { within: '1s' }).ends().type).toContain('aaaa');
    expect(step('prepare', { within: '14d' }).ends().saga.stages).toMatchObject([[{ within: 14 * 86_400_000 }]]);
    expect(Object.keys(chain(50).saga.steps)).toHaveLength(50);
    for (const count of [2, 20]) expect(sideBySide(count).ends().saga.stages).toHaveLength(1);
    for (const unwind of [
      { tries: 0, longest: '1s' },
      { tries: 1_000, longest: '1d' },
    ]) {
      const longestSeconds = unwind.tries === 0 ? 1 : 86_400;
      const { saga: shape } = saga('approve', { unwind }).step('prepare', Prepare, select).ends();
      expect(shape.unwind).toEqual({ tries: unwind.tries, longestSeconds });
    }
  });
});
