import { type AttributeType, compare, typeOf } from '../attribute-value.ts';
import type { Placeholders } from './placeholders.ts';
import { type Comparator, type Condition, type Operand, showPath } from './syntax.ts';
import { type ExpressionKind, TokenReader } from './token-reader.ts';

/**
 * Reads a condition, filter or key condition expression.
 *
 * @throws ValidationException when DynamoDB would refuse it for any row: wrong syntax, operands of a wrong type
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html#Expressions.OperatorsAndFunctions.Syntax
 */
export function parseCondition(kind: ExpressionKind, text: string, placeholders: Placeholders): Condition {
  const parser = new ConditionParser(new TokenReader(kind, text, placeholders));
  return parser.parse();
}

/** A part of an expression: which of both it is shows only in what follows, as parentheses may stand around either. */
type Part = Operand | Condition;

const COMPARATORS: readonly string[] = ['=', '<>', '<', '<=', '>', '>='] satisfies Comparator[];
const OPERANDS: ReadonlySet<string> = new Set(['path', 'value', 'size'] satisfies Operand['kind'][]);
const ORDERED: ReadonlySet<AttributeType> = new Set<AttributeType>(['S', 'N', 'B']);
const SIZED: ReadonlySet<AttributeType> = new Set<AttributeType>(['S', 'B', 'SS', 'NS', 'BS', 'L', 'M']);
const TYPES: readonly string[] = ['B', 'BOOL', 'BS', 'L', 'M', 'N', 'NS', 'NULL', 'S', 'SS'] satisfies AttributeType[];
const MAX_OPTIONS = 100;

class ConditionParser {
  readonly #reader: TokenReader;
  readonly #parenthesized = new WeakSet<Part>();

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  parse(): Condition {
    const condition = this.#condition(this.#or());
    this.#reader.expectEnd();
    return condition;
  }

  #or(): Part {
    let left = this.#and();
    while (this.#reader.accept('OR')) {
      left = { kind: 'or', left: this.#condition(left), right: this.#condition(this.#and()) };
    }
    return left;
  }

  #and(): Part {
    let left = this.#not();
    while (this.#reader.accept('AND')) {
      left = { kind: 'and', left: this.#condition(left), right: this.#condition(this.#not()) };
    }
    return left;
  }

  #not(): Part {
    return this.#reader.accept('NOT') ? { kind: 'not', condition: this.#condition(this.#not()) } : this.#comparison();
  }

  #comparison(): Part {
    const left = this.#part();
    const { text } = this.#reader.token;
    if (COMPARATORS.includes(text)) {
      this.#reader.next();
      return this.#compared(text as Comparator, this.#operand(left), this.#operand(this.#part()));
    }
    if (this.#reader.accept('BETWEEN')) {
      const operand = this.#operand(left);
      const low = this.#operand(this.#part());
      this.#reader.expect('AND');
      return this.#between(operand, low, this.#operand(this.#part()));
    }
    if (this.#reader.accept('IN')) {
      const operand = this.#operand(left);
      this.#reader.expect('(');
      const options = this.#list();
      if (options.length > MAX_OPTIONS) {
        throw this.#reader.refusal(
          `The IN operator is provided with too many operands; number of operands: ${options.length}`,
        );
      }
      this.#refuseSame('IN', operand, options);
      return { kind: 'in', operand, options };
    }
    return left;
  }

  #part(): Part {
    const reader = this.#reader;
    if (reader.accept('(')) {
      const part = this.#or();
      reader.expect(')');
      if (this.#parenthesized.has(part)) throw reader.refusal('The expression has redundant parentheses;');
      this.#parenthesized.add(part);
      return part;
    }
    if (reader.token.kind === 'value') return { kind: 'value', value: reader.value() };
    if (reader.token.kind === 'word' && reader.isFollowedBy('(')) return this.#function(reader.next().text);
    return { kind: 'path', path: reader.path() };
  }

  #function(name: string): Part {
    this.#reader.expect('(');
    const operands = this.#list();
    const [first, second] = operands as [Operand, Operand];
    switch (name) {
      case 'attribute_exists':
      case 'attribute_not_exists':
        this.#refuseCount(name, operands, 1);
        return { kind: name, path: this.#pathOf(name, first) };
      case 'attribute_type':
        this.#refuseCount(name, operands, 2);
        return { kind: name, path: this.#pathOf(name, first), type: this.#typeName(second) };
      case 'begins_with':
        this.#refuseCount(name, operands, 2);
        this.#refuseTypes(name, operands, new Set<AttributeType>(['S', 'B']));
        this.#refuseSame(name, first, [second]);
        return { kind: name, operand: first, wanted: second };
      case 'contains':
        this.#refuseCount(name, operands, 2);
        this.#refuseSame(name, first, [second]);
        return { kind: name, operand: first, wanted: second };
      case 'size':
        this.#refuseCount(name, operands, 1);
        this.#refuseTypes(name, operands, SIZED);
        return { kind: 'size', of: first };
      default:
        throw this.#reader.refusal(`Invalid function name; function: ${name}`);
    }
  }

  /** Operands up to the closing parenthesis: at least one. */
  #list(): Operand[] {
    const operands = [this.#operand(this.#part())];
    while (this.#reader.accept(',')) operands.push(this.#operand(this.#part()));
    this.#reader.expect(')');
    return operands;
  }

  #condition(part: Part): Condition {
    if (!isOperand(part)) return part;
    throw part.kind === 'size' ? this.#misplaced(part.kind) : this.#reader.syntaxError();
  }

  #operand(part: Part): Operand {
    if (isOperand(part)) return part;
    throw part.kind.includes('_') || part.kind === 'contains' ? this.#misplaced(part.kind) : this.#reader.syntaxError();
  }

  #misplaced(name: string) {
    return this.#reader.refusal(`The function is not allowed to be used this way in an expression; function: ${name}`);
  }

  #compared(comparator: Comparator, left: Operand, right: Operand): Condition {
    if (comparator !== '=' && comparator !== '<>') this.#refuseTypes(comparator, [left, right], ORDERED);
    this.#refuseSame(comparator, left, [right]);
    return { kind: 'compare', comparator, left, right };
  }

  #between(operand: Operand, low: Operand, high: Operand): Condition {
    this.#refuseTypes('BETWEEN', [operand, low, high], ORDERED);
    if (low.kind === 'value' && high.kind === 'value') {
      const order = compare(low.value, high.value);
      const bounds = `lower bound operand: AttributeValue: ${show(low)}, upper bound operand: AttributeValue: ${show(high)}`;
      if (order === undefined) {
        throw this.#reader.refusal(
          `The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`,
        );
      }
      if (order > 0) {
        throw this.#reader.refusal(
          `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`,
        );
      }
    }
    return { kind: 'between', operand, low, high };
  }

  #pathOf(name: string, operand: Operand) {
    if (operand.kind === 'path') return operand.path;
    throw this.#reader.refusal(`Operator or function requires a document path; operator or function: ${name}`);
  }

  #typeName(operand: Operand): AttributeType {
    if (operand.kind !== 'value') {
      throw this.#reader.refusal(
        'Incorrect operand type for operator or function; operator or function: attribute_type, operand type: path',
      );
    }
    this.#refuseTypes('attribute_type', [operand], new Set<AttributeType>(['S']));
    const name = operand.value.S ?? '';
    if (TYPES.includes(name)) return name as AttributeType;
    throw this.#reader.refusal(`Invalid attribute type name found; type: ${name}, valid types: {${TYPES.join(',')}}`);
  }

  #refuseCount(name: string, operands: readonly Operand[], count: number): void {
    if (operands.length === count) return;
    throw this.#reader.refusal(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
    );
  }

  #refuseTypes(name: string, operands: readonly Operand[], allowed: ReadonlySet<AttributeType>): void {
    for (const operand of operands) {
      const type = operand.kind === 'value' ? typeOf(operand.value) : undefined;
      if (type === undefined || allowed.has(type)) continue;
      throw this.#reader.refusal(
        `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
      );
    }
  }

  #refuseSame(name: string, first: Operand, others: readonly Operand[]): void {
    if (first.kind !== 'path') return;
    const shown = showPath(first.path);
    if (!others.some((other) => other.kind === 'path' && showPath(other.path) === shown)) return;
    throw this.#reader.refusal(
      `The first operand must be distinct from the remaining operands for this operator or function; operator: ${name}, first operand: ${shown}`,
    );
  }
}

function isOperand(part: Part): part is Operand {
  return OPERANDS.has(part.kind);
}

function show({ value }: Extract<Operand, { kind: 'value' }>): string {
  return `{${typeOf(value)}:${value.S ?? value.N ?? '…'}}`;
}
