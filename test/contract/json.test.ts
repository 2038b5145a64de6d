import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestsDeeperThan } from '../../lib/contract/json.ts';
import { anyText } from '../message/samples.ts';

/** The plain definition, by recursion. */
function depth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 12, depthSize: 'large' },
    fc.oneof(anyText, fc.constantFrom('[[[[', '{{"', '\\"[', ']]]'), fc.integer(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 3 }),
  ),
})).value;

describe('the depth of JSON', () => {
  it('is that of its nested objects and arrays, whatever its texts hold', () => {
    fc.assert(
      fc.property(values, fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : 0);
        const levels = depth(JSON.parse(text));
        expect(nestsDeeperThan(levels, text)).toBe(false);
        if (levels > 0) expect(nestsDeeperThan(levels - 1, text)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is not that of brackets inside a text, however many there are', () => {
    expect(nestsDeeperThan(1, JSON.stringify(['[{'.repeat(1_000), '\\"[[['.repeat(1_000)]))).toBe(false);
    expect(nestsDeeperThan(1, JSON.stringify({ '[[[["\\': '{{{{' }))).toBe(false);
  });

  it('is the deepest of many, not their sum', () => {
    expect(nestsDeeperThan(2, JSON.stringify(Array.from({ length: 1_000 }, () => [])))).toBe(false);
  });
});
