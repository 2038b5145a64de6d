import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import { isBlock } from 'typescript/unstable/ast/is';

/** A mistake, by the number that switches it on. */
export interface Switched {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly to: string;
}

/** The global that says which mistake is on: its number, or 0. */
export const SWITCH = 'waybillMutant';
/** The global that is told of each function that is entered, by its mark. */
export const REACH = 'waybillReached';

/** A part of a file that can stand there twice, once with a mistake and once without. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly shape: 'block' | 'expression' | 'statement';
  /** Of the body of a function. */
  readonly mark?: string;
}

const INITIALIZED: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.VariableDeclaration,
  SyntaxKind.Parameter,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.PropertyAssignment,
  SyntaxKind.BindingElement,
]);
const STATEMENTS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.ExpressionStatement,
  SyntaxKind.IfStatement,
  SyntaxKind.ForOfStatement,
]);

/** The mark of what runs as a file is loaded. */
export function loadMarkOf(file: string): string {
  return `${file}#load`;
}

/** The mark of the function around a place, the closest one; that of loading where there is none. */
export function markAt(file: string, tree: SourceFile, start: number, end: number): string {
  const around = partsOf(file, tree).findLast((one) => one.mark && one.start <= start && end <= one.end);
  return around?.mark ?? loadMarkOf(file);
}

/**
 * A file's text with all mistakes in it, each off until the switch has its number, in which each function tells that it is
 * reached. So the file is compiled and loaded once for all of them.
 *
 * @returns and the mistakes that have no part around them
 */
export function schemataOf(file: string, tree: SourceFile, mutants: readonly Switched[]) {
  const parts = partsOf(file, tree);
  const own = Map.groupBy(mutants, ({ start, end }) => parts.findLast((one) => one.start <= start && end <= one.end));
  const used = parts.filter((part) => part.mark !== undefined || own.has(part));
  const { text } = tree;
  /** The text between two places, where each part that lies between them is as it is rendered. */
  const between = (start: number, end: number, inside: readonly Part[]): string => {
    let rendered = '';
    let at = start;
    for (const part of inside) {
      if (part.start < at) continue;
      const within = inside.filter((one) => one !== part && part.start <= one.start && one.end <= part.end);
      rendered += text.slice(at, part.start) + render(part, within);
      at = part.end;
    }
    return rendered + text.slice(at, end);
  };
  const render = (part: Part, inside: readonly Part[]): string => {
    const note = part.mark === undefined ? '' : `globalThis.${REACH}?.(${JSON.stringify(part.mark)})`;
    const choices = (own.get(part) ?? []).map(({ number, start, end, to }) => {
      const mistaken = `${text.slice(part.start, start)}${to}${text.slice(end, part.end)}`;
      return { test: `globalThis.${SWITCH} === ${number}`, mistaken };
    });
    const sound = between(part.start, part.end, inside);
    if (part.shape === 'expression') {
      const choice = choices.map(({ test, mistaken }) => `${test} ? (${mistaken}) : `).join('');
      return note ? `(${note}, ${choice}(${sound}))` : `(${choice}(${sound}))`;
    }
    const choice = choices.map(({ test, mistaken }) => `if (${test}) {${mistaken}} else `).join('');
    if (part.shape === 'statement') return `${choice}{${sound}}`;
    return choice ? `{${note}; ${choice}${sound}}` : `{${note};${sound.slice(1)}`;
  };
  const source = `${between(0, text.length, used)}\nglobalThis.${REACH}?.(${JSON.stringify(loadMarkOf(file))});\n`;
  return { source, lost: own.get(undefined) ?? [] };
}

/** The parts of a file, in the order in which they begin; of two that begin together, first the one around the other. */
function partsOf(file: string, tree: SourceFile): Part[] {
  const found: Part[] = [];
  const visit = (node: Node): void => {
    const { body, initializer } = node as unknown as { readonly body?: Node; readonly initializer?: Node };
    const mark = `${file}#${found.length}`;
    const place = ({ end }: Node, start: number) => ({ start, end });
    if (body && node.kind !== SyntaxKind.ModuleDeclaration) {
      const shape = isBlock(body) ? 'block' : 'expression';
      found.push({ ...place(body, body.getStart(tree)), shape, mark });
    } else if (initializer && INITIALIZED.has(node.kind)) {
      found.push({ ...place(initializer, initializer.getStart(tree)), shape: 'expression' });
    } else if (STATEMENTS.has(node.kind)) {
      found.push({ ...place(node, node.getStart(tree)), shape: 'statement' });
    }
    node.forEachChild(visit);
  };
  tree.forEachChild(visit);
  return found.sort((one, other) => one.start - other.start || other.end - one.end);
}
