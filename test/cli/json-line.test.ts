import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printJson } from '../../lib/cli/command-context.ts';
import { capturedContext } from './captured-context.ts';

/** Wherever any reader of lines cuts: Node's, Python's, a terminal. */
const LINE_ENDS = ['\n', '\r', '\v', '\f', '\u001c', '\u001d', '\u001e', '\u0085', '\u2028', '\u2029'];

test('whatever --json prints is one line, and reads as what it was', () => {
  const character = fc.constantFrom(...LINE_ENDS, '\\', '"', 'a', '\u{1F4E6}');
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: character }), fc.string({ unit: character })), (value) => {
      const context = capturedContext();
      printJson(context, value);
      const line = context.stdout().slice(0, -1);
      expect(LINE_ENDS.filter((end) => line.includes(end))).toEqual([]);
      expect(JSON.parse(context.stdout())).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
