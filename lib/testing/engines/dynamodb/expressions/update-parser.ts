import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type AttributeType, typeOf } from '../attribute-value.ts';
import { refuseOverlaps } from './document-path.ts';
import type { Placeholders } from './placeholders.ts';
import { type Assigned, type DocumentPath, showPath, type Update } from './syntax.ts';
import { TokenReader } from './token-reader.ts';

const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;
const SETS: ReadonlySet<AttributeType> = new Set<AttributeType>(['SS', 'NS', 'BS']);
const NUMBER_AND_SETS: ReadonlySet<AttributeType> = new Set<AttributeType>(['N', ...SETS]);
const NUMBER: ReadonlySet<AttributeType> = new Set<AttributeType>(['N']);
const LIST: ReadonlySet<AttributeType> = new Set<AttributeType>(['L']);

/**
 * Reads an update expression.
 *
 * @throws ValidationException when DynamoDB would refuse it for any row: wrong syntax, a section twice, overlapping
 * paths, operands of a wrong type
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
 */
export function parseUpdate(text: string, placeholders: Placeholders): Update {
  return new UpdateParser(new TokenReader('UpdateExpression', text, placeholders)).parse();
}

class UpdateParser {
  readonly #reader: TokenReader;

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  parse(): Update {
    const reader = this.#reader;
    const update = {
      set: [] as { path: DocumentPath; value: Assigned }[],
      remove: [] as DocumentPath[],
      add: [] as { path: DocumentPath; value: AttributeValue }[],
      delete: [] as { path: DocumentPath; value: AttributeValue }[],
    };
    const seen = new Set<string>();
    while (reader.token.kind !== 'end') {
      const section = SECTIONS.find((one) => reader.accept(one));
      if (!section) throw reader.syntaxError();
      if (seen.has(section)) {
        throw reader.refusal(`The "${section}" section can only be used once in an update expression;`);
      }
      seen.add(section);
      do {
        const path = reader.path();
        if (section === 'SET') update.set.push({ path, value: this.#assignment() });
        else if (section === 'REMOVE') update.remove.push(path);
        else if (section === 'ADD') update.add.push({ path, value: this.#typed('ADD', NUMBER_AND_SETS) });
        else update.delete.push({ path, value: this.#typed('DELETE', SETS) });
      } while (reader.accept(','));
    }
    const changed = [...update.set, ...update.add, ...update.delete].map(({ path }) => path);
    refuseOverlaps(reader, [...changed, ...update.remove]);
    return update;
  }

  #assignment(): Assigned {
    this.#reader.expect('=');
    return this.#sum();
  }

  /** One operand, or two of them joined by one `+` or `-`. */
  #sum(): Assigned {
    const left = this.#operand();
    for (const kind of ['+', '-'] as const) {
      if (this.#reader.accept(kind)) return this.#of(kind, left, this.#operand(), NUMBER);
    }
    return left;
  }

  #operand(): Assigned {
    const reader = this.#reader;
    if (reader.accept('(')) {
      const operand = this.#sum();
      reader.expect(')');
      return operand;
    }
    if (reader.token.kind === 'value') return { kind: 'value', value: reader.value() };
    if (reader.token.kind === 'word' && reader.isFollowedBy('(')) return this.#function(reader.next().text);
    return { kind: 'path', path: reader.path() };
  }

  #function(name: string): Assigned {
    const reader = this.#reader;
    if (name !== 'if_not_exists' && name !== 'list_append') {
      throw reader.refusal(`Invalid function name; function: ${name}`);
    }
    reader.expect('(');
    const first = this.#operand();
    reader.expect(',');
    const second = this.#operand();
    reader.expect(')');
    if (name === 'list_append') return this.#of(name, first, second, LIST);
    if (first.kind !== 'path') {
      throw reader.refusal(`Operator or function requires a document path; operator or function: ${name}`);
    }
    if (second.kind === 'path' && showPath(second.path) === showPath(first.path)) {
      throw reader.refusal(
        `The first operand must be distinct from the remaining operands for this operator or function; operator: ${name}, first operand: ${showPath(first.path)}`,
      );
    }
    return { kind: name, path: first.path, otherwise: second };
  }

  #of(kind: '+' | '-' | 'list_append', left: Assigned, right: Assigned, allowed: ReadonlySet<AttributeType>): Assigned {
    for (const operand of [left, right]) {
      if (operand.kind === 'value') this.#refuseType(kind, operand.value, allowed);
    }
    return { kind, left, right };
  }

  #typed(section: string, allowed: ReadonlySet<AttributeType>): AttributeValue {
    const value = this.#reader.value();
    this.#refuseType(section, value, allowed);
    return value;
  }

  #refuseType(name: string, value: AttributeValue, allowed: ReadonlySet<AttributeType>): void {
    const type = typeOf(value);
    if (allowed.has(type)) return;
    throw this.#reader.refusal(
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  }
}
