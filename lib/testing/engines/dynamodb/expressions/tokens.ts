export interface Token {
  /** `name` is a `#placeholder`, `value` a `:placeholder`, `end` what follows the last token. */
  readonly kind: 'word' | 'name' | 'value' | 'number' | 'symbol' | 'unknown' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /(?<word>[A-Za-z]\w*)|(?<name>#\w+)|(?<value>:\w+)|(?<number>0|[1-9]\d*)|(?<symbol><>|<=|>=|[=<>()[\],.+-])|(?<unknown>\S)/g;

/** A program has few expressions, and sends them over and over: the tokens of the last ones are kept. */
const KEPT = 500;
const kept = new Map<string, readonly Token[]>();

/** The tokens of an expression, with an `end` behind them. Characters that belong to none are tokens of kind `unknown`. */
export function tokensOf(expression: string): readonly Token[] {
  const known = kept.get(expression);
  if (known) return known;
  if (kept.size >= KEPT) kept.clear();
  const tokens = tokenize(expression);
  kept.set(expression, tokens);
  return tokens;
}

function tokenize(expression: string): readonly Token[] {
  const tokens = [...expression.matchAll(TOKEN)].map((match): Token => {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) as [Token['kind'], string];
    return { kind, text: match[0], start: match.index, end: match.index + match[0].length };
  });
  return [...tokens, { kind: 'end', text: '<EOF>', start: expression.length, end: expression.length }];
}
