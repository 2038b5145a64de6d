import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import { isArrayLiteralExpression, isBinaryExpression, isCallExpression } from 'typescript/unstable/ast/is';
import { guardsOf } from './guards.ts';

/** A small mistake in a source file: some of its text, replaced. */
export interface Mutation {
  /** Where the text begins and ends, in characters. */
  readonly start: number;
  readonly end: number;
  readonly to: string;
  /** Whether it is aimed at a read, at the condition of a write, or at what tells one ledger from another. */
  readonly isGuard: boolean;
}

/** An operator, and what it is mistaken for. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<'],
  '>': ['>=', '<='],
  '>=': ['>'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
};

/** A method, and what it is mistaken for. */
const METHODS: ReadonlyMap<string, string> = new Map([
  ['min', 'max'],
  ['max', 'min'],
  ['ceil', 'floor'],
  ['floor', 'ceil'],
  ['some', 'every'],
  ['every', 'some'],
  ['startsWith', 'endsWith'],
]);

/** Calls that may be left out of a chain. */
const LINKS = new Set(['filter', 'sort', 'toSorted', 'reverse', 'toReversed', 'trim']);

/** Every mutation of a source file, in the order of their places. */
export function mutationsOf(file: SourceFile): Mutation[] {
  const found: Mutation[] = [];
  const visit = (node: Node): void => {
    if (!isRunTime(node)) return;
    const guards = guardsOf(node, file);
    for (const one of guards) found.push({ ...one, isGuard: true });
    if (guards.length === 0) for (const one of mistakesAt(node, file)) found.push({ ...one, isGuard: false });
    node.forEachChild(visit);
  };
  file.forEachChild(visit);
  return found.sort((one, other) => one.start - other.start || one.end - other.end);
}

type Change = Omit<Mutation, 'isGuard'>;

/** What stands for nothing at run time has nothing to be mistaken in. */
function isRunTime({ kind }: Node): boolean {
  return (
    kind !== SyntaxKind.ImportDeclaration &&
    kind !== SyntaxKind.ExportDeclaration &&
    kind !== SyntaxKind.InterfaceDeclaration &&
    kind !== SyntaxKind.TypeAliasDeclaration &&
    (kind < SyntaxKind.FirstTypeNode || kind > SyntaxKind.LastTypeNode)
  );
}

function mistakesAt(node: Node, file: SourceFile): Change[] {
  const start = node.getStart(file);
  const text = file.text.slice(start, node.end);
  const as = (to: string): Change => ({ start, end: node.end, to });
  switch (node.kind) {
    case SyntaxKind.BinaryExpression:
      return binary(node, file);
    case SyntaxKind.IfStatement:
    case SyntaxKind.ConditionalExpression:
      return truths(node, file);
    case SyntaxKind.PrefixUnaryExpression:
      return text.startsWith('!') ? [as(text.slice(1))] : [];
    case SyntaxKind.TrueKeyword:
      return [as('false')];
    case SyntaxKind.FalseKeyword:
      return [as('true')];
    case SyntaxKind.NumericLiteral:
      return [as(`(${text} + 1)`)];
    case SyntaxKind.StringLiteral:
    case SyntaxKind.NoSubstitutionTemplateLiteral:
      return isName(node) || text.length < 3 ? [] : [as("''")];
    case SyntaxKind.TemplateExpression:
      return [as("''")];
    case SyntaxKind.ExpressionStatement:
    case SyntaxKind.ThrowStatement:
      return [as('{}')];
    case SyntaxKind.ReturnStatement:
      return text === 'return;' ? [as('{}')] : [];
    case SyntaxKind.SpreadAssignment:
    case SyntaxKind.SpreadElement:
      return [as(node.kind === SyntaxKind.SpreadAssignment ? '...{}' : '...[]')];
    case SyntaxKind.PropertyAssignment:
    case SyntaxKind.ShorthandPropertyAssignment:
      return [as('...{}')];
    case SyntaxKind.CallExpression:
      return calls(node, file);
    default:
      return [];
  }
}

function binary(node: Node, file: SourceFile): Change[] {
  if (!isBinaryExpression(node)) return [];
  const { left, operatorToken, right } = node;
  const start = operatorToken.getStart(file);
  const operator = file.text.slice(start, operatorToken.end);
  const whole = { start: node.getStart(file), end: node.end };
  const text = (part: Node) => file.text.slice(part.getStart(file), part.end);
  const others = OPERATORS[operator] ?? [];
  const found: Change[] = others.map((to) => ({ start, end: operatorToken.end, to }));
  if (operator === '??') found.push({ ...whole, to: text(left) }, { ...whole, to: text(right) });
  if (operator === '&&' || operator === '||') found.push({ ...whole, to: text(left) }, { ...whole, to: text(right) });
  return found;
}

/** A condition that always holds, and one that never does. */
function truths(node: Node, file: SourceFile): Change[] {
  const { expression, condition } = node as unknown as { readonly expression?: Node; readonly condition?: Node };
  const test = node.kind === SyntaxKind.IfStatement ? expression : condition;
  if (!test) return [];
  const place = { start: test.getStart(file), end: test.end };
  // The operands stay, so that the types narrow as they did and no name is unused.
  const text = file.text.slice(place.start, place.end);
  return [
    { ...place, to: `((${text}) || true)` },
    { ...place, to: `((${text}) && false)` },
  ];
}

function calls(node: Node, file: SourceFile): Change[] {
  if (!isCallExpression(node)) return [];
  const { expression: callee } = node;
  if (callee.kind !== SyntaxKind.PropertyAccessExpression) return [];
  const { expression: of, name } = callee as unknown as { readonly expression: Node; readonly name: Node };
  const method = file.text.slice(name.getStart(file), name.end);
  const found: Change[] = [];
  const other = METHODS.get(method);
  if (other) found.push({ start: name.getStart(file), end: name.end, to: other });
  if (LINKS.has(method) && !isArrayLiteralExpression(of)) {
    const start = node.getStart(file);
    found.push({ start, end: node.end, to: file.text.slice(start, of.end) });
  }
  return found;
}

/** Whether a string names a property, a type or a module. */
function isName(node: Node): boolean {
  const { parent } = node;
  if (!parent) return false;
  const { name } = parent as unknown as { readonly name?: Node };
  return name === node || parent.kind === SyntaxKind.ElementAccessExpression;
}
