import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import { API, type Checker, type Symbol as Name, type Project, SymbolFlags } from 'typescript/unstable/sync';
import { root, runProgram } from '../setup/program.mjs';

/** A name that a door exports. */
export interface PublicName {
  readonly name: string;
  /** `function`, `class`, `const`, `interface` or `type`. */
  readonly kind: string;
  /** Whether it is there when a program runs. A class is a value, too. */
  readonly isValue: boolean;
  /** The first sentence of its doc comment; empty where it has none. */
  readonly summary: string;
  /** Its declarations without comments and bodies, as the package has them; more than one of an overloaded function. */
  readonly declarations: readonly string[];
  /** The same with the comments of its members, and its own comment apart. */
  readonly documented: readonly DocumentedCode[];
  /** The same for two names that are the very same symbol, in whatever door. */
  readonly symbol: number;
}

export interface DocumentedCode {
  /** The text of its doc comment, tags included, without stars. */
  readonly comment: string;
  readonly code: string;
}

/** One way into the package. */
export interface Door {
  /** What users import, such as `waybill/testing`. */
  readonly specifier: string;
  /** Sorted by name. */
  readonly names: readonly PublicName[];
}

type Exports = Readonly<Record<string, string | { readonly 'waybill-source'?: string }>>;

/**
 * The doors that package.json names, read from the declarations that the package would have: those hold the inferred types
 * and neither bodies nor private members. The compiler itself says which names they export and where each comes from.
 *
 * @throws SetupError when the sources do not compile
 */
export async function readPublicDoors(): Promise<Door[]> {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly exports: Exports;
  };
  const sources = Object.entries(exports).flatMap(([path, target]) => {
    const source = typeof target === 'string' ? undefined : target['waybill-source'];
    return source ? [{ specifier: path.replace(/^\./, name), source }] : [];
  });
  // In the repository, so that its packages are found.
  mkdirSync(join(root, '.waybill'), { recursive: true });
  const folder = mkdtempSync(join(root, '.waybill', 'declarations-'));
  try {
    await emitDeclarations(folder);
    return readDoors(folder, sources);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function emitDeclarations(folder: string): Promise<void> {
  const options = ['--project', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', folder];
  await runProgram(process.execPath, ['node_modules/typescript/bin/tsc', ...options], {
    failed: 'The declarations could not be written: mend the errors above.',
  });
}

interface Source {
  readonly specifier: string;
  /** The door's file, from the repository's root. */
  readonly source: string;
}

function readDoors(folder: string, sources: readonly Source[]): Door[] {
  const config = join(folder, 'tsconfig.json');
  const fileOf = ({ source }: Source) => join(folder, source.replace(/\.ts$/, '.d.ts'));
  writeFileSync(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), files: sources.map(fileOf), include: [] }),
  );
  const compiler = new API({ cwd: folder });
  try {
    const [project] = compiler.updateSnapshot({ openProjects: [config] }).getProjects();
    if (!project) throw new Error(`The compiler does not open ${config}`);
    return sources.map((source) => ({ specifier: source.specifier, names: namesIn(project, fileOf(source)) }));
  } finally {
    compiler.close();
  }
}

function namesIn(project: Project, file: string): PublicName[] {
  const { checker, program } = project;
  const source = program.getSourceFile(file);
  const door = source && checker.getSymbolAtLocation(source);
  if (!door) throw new Error(`${file} exports nothing`);
  return checker
    .getExportsOfModule(door)
    .map((exported) => describe(project, exported.name, originOf(checker, exported)))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function originOf(checker: Checker, exported: Name): Name {
  return exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
}

function describe(project: Project, name: string, origin: Name): PublicName {
  const { checker, emitter } = project;
  const nodes = origin.declarations.flatMap((declaration) => declaration.resolve(project) ?? []);
  return {
    name,
    kind: KINDS[nodes[0]?.kind ?? SyntaxKind.Unknown] ?? 'other',
    isValue: (origin.flags & SymbolFlags.Value) !== 0,
    summary: firstSentence(origin.getDocumentationComment(checker)),
    declarations: nodes.map((node) => {
      const text = emitter.printNode(node).replace(/^ *#private;\n/m, '');
      return node.kind === SyntaxKind.VariableDeclaration ? `export declare const ${text};` : text;
    }),
    documented: nodes.map(documentedCode),
    symbol: origin.id,
  };
}

function documentedCode(node: Node): DocumentedCode {
  const statement = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node;
  const code = statement.getText().replace(/^ *#private;\n/m, '');
  const [comment = ''] = /\/\*\*(?:(?!\/\*\*)[\s\S])*\*\/\s*$/.exec(leadingTextOf(statement)) ?? [];
  return { comment: textOfComment(comment), code };
}

function leadingTextOf(node: Node): string {
  return node.getFullText().slice(0, node.getStart() - node.pos);
}

function textOfComment(comment: string): string {
  return comment
    .trim()
    .replace(/^\/\*\*|\*\/$/g, '')
    .replaceAll(/^ *\* ?/gm, '')
    .trim();
}

function firstSentence(comment: string): string {
  const [paragraph = ''] = comment.trim().split(/\n\s*\n/);
  const line = paragraph.replace(/\s+/g, ' ');
  return /^.*?\.(?= [A-Z`]|$)/.exec(line)?.[0] ?? line;
}

const KINDS: Readonly<Partial<Record<SyntaxKind, string>>> = {
  [SyntaxKind.FunctionDeclaration]: 'function',
  [SyntaxKind.ClassDeclaration]: 'class',
  [SyntaxKind.VariableDeclaration]: 'const',
  [SyntaxKind.InterfaceDeclaration]: 'interface',
  [SyntaxKind.TypeAliasDeclaration]: 'type',
};
