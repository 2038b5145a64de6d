import { expect, test } from 'vitest';
import { tableRows, textOf } from './paper.ts';

const words = tableRows(textOf('docs/glossary.md')).map(([word = '']) => word);

test('the words of docs/glossary.md are in order, and each is there once', () => {
  expect(words).toEqual([...new Set(words)].sort());
});

test('what docs/glossary.md marks as a word of its own is one', () => {
  const marked = [...textOf('docs/glossary.md').matchAll(/(?<![*\w])\*([\w -]+?)(?:'s)?\*(?!\*)/g)].map(
    ([, word = '']) => word,
  );

  expect(marked.filter((word) => !words.some((one) => isFormOf(word, one)))).toEqual(['italics']);
});

/** A form of a word begins as the word does: `copies` as `copy`. */
function isFormOf(word: string, one: string): boolean {
  return word.toLowerCase().slice(0, 3) === one.slice(0, 3);
}
