import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { canonical, refuseName } from '../attribute-value.ts';
import { isValidationException, validationException } from '../exceptions.ts';

export interface ExpressionAttributes {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

/**
 * The names and values that a request's expressions stand for. All of them must be used by one expression or another.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
 */
export class Placeholders {
  readonly #names: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, AttributeValue>;
  readonly #used = new Set<string>();

  /** @throws ValidationException when there are placeholders but no expressions, or a placeholder is malformed */
  constructor(attributes: ExpressionAttributes, expressions: readonly (string | undefined)[]) {
    const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = attributes;
    const hasExpression = expressions.some((expression) => expression !== undefined);
    refuseMalformed('ExpressionAttributeNames', names, /^#\w+$/, hasExpression);
    refuseMalformed('ExpressionAttributeValues', values, /^:\w+$/, hasExpression);
    for (const name of Object.values(names ?? {})) refuseName(name);
    this.#names = new Map(Object.entries(names ?? {}));
    this.#values = new Map(Object.entries(values ?? {}).map(([key, value]) => [key, checkedValue(key, value)]));
  }

  name(placeholder: string): string | undefined {
    this.#used.add(placeholder);
    return this.#names.get(placeholder);
  }

  value(placeholder: string): AttributeValue | undefined {
    this.#used.add(placeholder);
    return this.#values.get(placeholder);
  }

  /** To be called when all expressions have been read. */
  refuseUnused(): void {
    this.#refuseUnused('ExpressionAttributeNames', this.#names);
    this.#refuseUnused('ExpressionAttributeValues', this.#values);
  }

  #refuseUnused(what: string, given: ReadonlyMap<string, unknown>): void {
    const unused = [...given.keys()].filter((key) => !this.#used.has(key));
    if (unused.length > 0) {
      throw validationException(`Value provided in ${what} unused in expressions: keys: {${unused.join(', ')}}`);
    }
  }
}

function refuseMalformed(what: string, given: object | undefined, form: RegExp, hasExpression: boolean): void {
  if (given === undefined) return;
  if (!hasExpression) throw validationException(`${what} can only be specified when using expressions`);
  const keys = Object.keys(given);
  if (keys.length === 0) throw validationException(`${what} must not be empty`);
  const malformed = keys.find((key) => !form.test(key));
  if (malformed !== undefined) {
    throw validationException(`${what} contains invalid key: Syntax error; key: "${malformed}"`);
  }
}

function checkedValue(key: string, value: AttributeValue): AttributeValue {
  try {
    return canonical(value);
  } catch (error) {
    if (!isValidationException(error)) throw error;
    throw validationException(`ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`);
  }
}
