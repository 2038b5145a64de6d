/** What a reader does at a place of a tutorial. */
export type Step =
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'change'; readonly path: string; readonly from: string; readonly to: string };

export interface TutorialPart {
  readonly heading: string;
  readonly steps: readonly Step[];
}

/**
 * The steps of a page, by its numbered headings: commands are fences of `sh`, a line each; a fence that names a file after its
 * language writes that file, or, as `diff`, changes it.
 */
export function tutorialIn(page: string): TutorialPart[] {
  const [, ...parts] = page.split(/^## (?=\d+\. )/m);
  return parts.map((part) => ({
    heading: part.split('\n')[0] ?? '',
    steps: [
      ...part
        .split(/^## /m, 1)
        .join('')
        .matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm),
    ].flatMap(stepsOf),
  }));
}

function stepsOf([, language = '', path = '', text = '']: RegExpMatchArray): Step[] {
  if (language === 'sh')
    return text
      .trimEnd()
      .split('\n')
      .map((command) => ({ kind: 'run', command }));
  if (path === '') return [];
  return [
    language === 'diff'
      ? { kind: 'change', path, from: side(text, '-'), to: side(text, '+') }
      : { kind: 'write', path, text },
  ];
}

/** The lines of a difference that are there before it (`-`) or after it (`+`). */
function side(difference: string, sign: '+' | '-'): string {
  const lines = difference.split('\n').filter((line) => line === '' || line.startsWith(' ') || line.startsWith(sign));
  return lines.map((line) => line.slice(1)).join('\n');
}

/** @throws where the text that changes is not there exactly once */
export function changed(text: string, { path, from, to }: Step & { readonly kind: 'change' }): string {
  const [before, after, ...more] = text.split(from);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${path} does not hold once:\n${from}`);
  return before + to + after;
}
