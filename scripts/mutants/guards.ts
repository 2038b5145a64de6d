import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import { isBinaryExpression, isCallExpression, isStringLiteral } from 'typescript/unstable/ast/is';

interface Change {
  readonly start: number;
  readonly end: number;
  readonly to: string;
}

/** What reads rows of the ledger, and at which place its options are. */
const READS: Readonly<Record<string, number>> = { getRow: 2, getRows: 2, rowsOf: 2, partition: 2, queryPage: 2 };
/** Of a condition: it holds of every row, and no name or value that it uses is left over. */
const ALWAYS = 'attribute_not_exists(noSuchColumn)';

/**
 * Mutations of what guards two runs that overlap, and several ledgers in one table or app: reads that are consistent no
 * longer, or in another order; conditions of writes that always hold, whole or in part; comparisons of ledgers.
 */
export function guardsOf(node: Node, file: SourceFile): Change[] {
  return [...consistency(node, file), ...conditions(node, file), ...ledgers(node, file)];
}

function consistency(node: Node, file: SourceFile): Change[] {
  const { name, initializer } = node as unknown as { readonly name?: Node; readonly initializer?: Node };
  if (name && initializer && /^(?:consistent|ConsistentRead|ScanIndexForward)$/.test(textOf(name, file))) {
    const place = { start: initializer.getStart(file), end: initializer.end };
    return [{ ...place, to: `!(${textOf(initializer, file)})` }];
  }
  if (!isCallExpression(node)) return [];
  const at = READS[textOf(node.expression, file)];
  // Options that are given say themselves what they are.
  if (at === undefined || node.arguments.length !== at) return [];
  const start = node.end - 1;
  const option = textOf(node.expression, file) === 'queryPage' ? 'ConsistentRead: true' : optionOf(node, file);
  return [{ start, end: start, to: `, { ${option} }` }];
}

/** The opposite of what a read is by default. */
function optionOf(node: Node, file: SourceFile): string {
  const isPartition = /^(?:rowsOf|partition)\b/.test(textOf(node, file));
  return `consistent: ${isPartition}`;
}

function conditions(node: Node, file: SourceFile): Change[] {
  if (!isStringLiteral(node)) return [];
  const { name } = node.parent as unknown as { readonly name?: Node };
  if (!name || textOf(name, file) !== 'ConditionExpression') return [];
  const { text } = node;
  const place = { start: node.getStart(file), end: node.end };
  const found = [{ ...place, to: `'(${text}) OR ${ALWAYS}'` }];
  const parts = text.split(/ AND | OR /);
  if (parts.length === 1) return found;
  for (const part of parts) {
    const isAlternative = text.includes(' OR ');
    // An alternative that never holds, and a requirement that always does.
    const to = isAlternative ? `(${part} AND NOT ${ALWAYS})` : `(${part} OR ${ALWAYS})`;
    found.push({ ...place, to: `'${text.replace(part, to)}'` });
  }
  return found;
}

function ledgers(node: Node, file: SourceFile): Change[] {
  if (!isBinaryExpression(node)) return [];
  const { operatorToken, left, right } = node;
  const isEqual = operatorToken.kind === SyntaxKind.EqualsEqualsEqualsToken;
  if (!isEqual && operatorToken.kind !== SyntaxKind.ExclamationEqualsEqualsToken) return [];
  if (![left, right].every((side) => /\bledger\w*\)?$/i.test(textOf(side, file)))) return [];
  const text = textOf(node, file);
  const place = { start: node.getStart(file), end: node.end };
  return [
    { ...place, to: `(${text} || true)` },
    { ...place, to: `(${text} && false)` },
  ];
}

function textOf(node: Node, file: SourceFile): string {
  return file.text.slice(node.getStart(file), node.end);
}
