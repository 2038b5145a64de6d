import type { AttributeValue, DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { validationException } from '../exceptions.ts';
import { isReserved } from '../reserved-words.ts';
import type { Placeholders } from './placeholders.ts';
import type { DocumentPath } from './syntax.ts';
import { type Token, tokensOf } from './tokens.ts';

export type ExpressionKind =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'
  | 'ProjectionExpression'
  | 'UpdateExpression';

const MAX_BYTES = 4096;

/** Reads the tokens of one expression from left to right, and what every kind of expression has: paths and values. */
export class TokenReader {
  readonly kind: ExpressionKind;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #placeholders: Placeholders;
  #position = 0;

  /** @throws ValidationException when the expression is empty or longer than 4 KB */
  constructor(kind: ExpressionKind, text: string, placeholders: Placeholders) {
    this.kind = kind;
    this.#text = text;
    this.#tokens = tokensOf(text);
    this.#placeholders = placeholders;
    if (this.#tokens.length === 1) throw this.refusal('The expression can not be empty;');
    if (Buffer.byteLength(text) > MAX_BYTES) {
      throw this.refusal('Expression size has exceeded the maximum allowed size;');
    }
  }

  get token(): Token {
    return this.#tokens[this.#position] as Token;
  }

  /** Whether the token after this one is the symbol. */
  isFollowedBy(symbol: string): boolean {
    return this.#tokens[this.#position + 1]?.text === symbol;
  }

  next(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#position++;
    return token;
  }

  /** Takes the symbol or keyword if it is next. Keywords are the same in any case. */
  accept(text: string): boolean {
    const { kind } = this.token;
    if ((kind !== 'symbol' && kind !== 'word') || this.token.text.toUpperCase() !== text) return false;
    this.next();
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.syntaxError();
  }

  /** `a`, `#a`, `a.b`, `a[0].#b` … */
  path(): DocumentPath {
    const path: [string, ...(string | number)[]] = [this.#attributeName()];
    for (;;) {
      if (this.accept('.')) path.push(this.#attributeName());
      else if (this.accept('[')) {
        if (this.token.kind !== 'number') throw this.syntaxError();
        path.push(Number(this.next().text));
        this.expect(']');
      } else return path;
    }
  }

  /** `:value` */
  value(): AttributeValue {
    if (this.token.kind !== 'value') throw this.syntaxError();
    const { text } = this.next();
    const value = this.#placeholders.value(text);
    if (value) return value;
    throw this.refusal(`An expression attribute value used in expression is not defined; attribute value: ${text}`);
  }

  expectEnd(): void {
    if (this.token.kind !== 'end') throw this.syntaxError();
  }

  syntaxError(): DynamoDBServiceException {
    const around = this.#tokens.slice(Math.max(0, this.#position - 1), this.#position + 2);
    const near = this.#text.slice(around[0]?.start, around.at(-1)?.end).trim();
    return this.refusal(`Syntax error; token: "${this.token.text}", near: "${near}"`);
  }

  refusal(message: string): DynamoDBServiceException {
    return validationException(`Invalid ${this.kind}: ${message}`);
  }

  #attributeName(): string {
    const { kind, text } = this.token;
    if (kind !== 'word' && kind !== 'name') throw this.syntaxError();
    this.next();
    if (kind === 'word') {
      if (isReserved(text)) {
        throw this.refusal(`Attribute name is a reserved keyword; reserved keyword: ${text}`);
      }
      return text;
    }
    const name = this.#placeholders.name(text);
    if (name !== undefined) return name;
    throw this.refusal(
      `An expression attribute name used in the document path is not defined; attribute name: ${text}`,
    );
  }
}
