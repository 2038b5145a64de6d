import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childTraceparent, isTraceparent } from '../../lib/message/trace-context.ts';
import { seededRandom } from './samples.ts';

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
describe('a traceparent', () => {
  it('begins a sampled trace where there is none', () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const made = childTraceparent(undefined, (length) => random.slice(0, length));
        expect(isTraceparent(made)).toBe(true);
        expect(made).toMatch(/^00-.*-01$/);
      }),
    );
  });

  it("of a child keeps the parent's trace and sampling, with a span of its own", () => {
    const child = childTraceparent(parent, seededRandom('child'));
    expect(isTraceparent(child)).toBe(true);
    expect(child).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(child).not.toBe(parent);
  });

  it('is valid even where chance gives nothing but zeros', () => {
    const zeros = (length: number) => new Uint8Array(length);
    expect(isTraceparent(childTraceparent(undefined, zeros))).toBe(true);
    expect(isTraceparent(childTraceparent(parent, zeros))).toBe(true);
  });

  it.each([
    ['a trace id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a span id of zeros', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['the version that is forbidden', `ff${parent.slice(2)}`],
    ['upper case', parent.toUpperCase()],
    ['too short', parent.slice(0, -1)],
    ['too long', `${parent}0`],
    ['nothing', ''],
    ['no text', 7],
    ['undefined', undefined],
  ])('is refused where the specification says so: %s', (_, value) => {
    expect(isTraceparent(value)).toBe(false);
  });
});
