import { hash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { API, type Snapshot } from 'typescript/unstable/sync';
import { root } from '../setup/program.mjs';
import { mutationsOf } from './mutations.ts';
import { note, notesOf, REFUSALS, type Refusal } from './orders.ts';
import { loadMarkOf, markAt, type Switched, schemataOf } from './schemata.ts';

/** A small mistake in a file of the repository. */
export interface Mutant {
  /** The file from the repository's root, a colon, and the line. */
  readonly place: string;
  /** The file from the repository's root. */
  readonly file: string;
  /** The line before the change, without the spaces around it. */
  readonly line: string;
  readonly from: string;
  readonly to: string;
  readonly isGuard: boolean;
  /** Where the text that is replaced begins and ends, in characters. */
  readonly start: number;
  readonly end: number;
  /** Tells it from every other, and from the same one in another version of its file. */
  readonly id: string;
}

const PROJECT = join(root, 'tsconfig.json');

/** The repository's sources as TypeScript knows them. The files themselves stay as they are. */
export class Sources {
  readonly #changed = new Map<string, string>();
  readonly #api = new API({ cwd: root, fs: { readFile: (file) => this.#changed.get(file) } });
  /** What earlier runs were told of the same text of a file. */
  readonly #refusals = new Map(notesOf<Refusal>(REFUSALS).map(({ id, refused }) => [id, refused]));
  #snapshot: Snapshot = this.#api.updateSnapshot({ openProjects: [PROJECT] });

  /** @param folders from the repository's root: their files, and those of their folders */
  mutantsIn(folders: readonly string[]): Mutant[] {
    const files = folders.flatMap((folder) => globSync(`${folder}{,/**/*.ts}`, { cwd: root })).sort();
    return [...new Set(files)].filter((file) => file.endsWith('.ts')).flatMap((file) => this.#mutantsOf(file));
  }

  /** Whether types refuse a mutant. Only its own file is asked. */
  refuses(mutant: Mutant): boolean {
    const known = this.#refusals.get(mutant.id);
    if (known !== undefined) return known;
    const path = join(root, mutant.file);
    const text = readFileSync(path, 'utf8');
    this.#change(path, `${text.slice(0, mutant.start)}${mutant.to}${text.slice(mutant.end)}`);
    const program = this.#program();
    const found = [...program.getSyntacticDiagnostics(path), ...program.getSemanticDiagnostics(path)];
    const refused = found.length > 0;
    note(REFUSALS, { id: mutant.id, refused });
    return refused;
  }

  /**
   * Every file of the framework as it is loaded to judge mutants: with all of them in it, each behind its number.
   *
   * @param numbered mutants by their numbers, from 1
   */
  schemata(numbered: ReadonlyMap<number, Mutant>): Map<string, string> {
    this.#change();
    const own = Map.groupBy(numbered, ([, { file }]) => file);
    return new Map(
      globSync('lib/**/*.ts', { cwd: root }).flatMap((file): [string, string][] => {
        const tree = this.#program().getSourceFile(join(root, file));
        if (!tree) return [];
        const mutants = (own.get(file) ?? []).map(([number, mutant]): Switched => ({ ...mutant, number }));
        const { source, lost } = schemataOf(file, tree, mutants);
        for (const { start } of lost) throw new Error(`No switch fits into ${file} at character ${start}`);
        return [[file, source]];
      }),
    );
  }

  /** What tells that a test reaches a mutant, and whether it takes effect only as its file is loaded. */
  reachOf({ file, start, end }: Mutant): { readonly mark: string; readonly isOfLoading: boolean } {
    this.#change();
    const tree = this.#program().getSourceFile(join(root, file));
    const mark = tree ? markAt(file, tree, start, end) : loadMarkOf(file);
    return { mark, isOfLoading: mark === loadMarkOf(file) };
  }

  close(): void {
    this.#api.close();
  }

  #mutantsOf(file: string): Mutant[] {
    const path = join(root, file);
    const tree = this.#program().getSourceFile(path);
    if (!tree) return [];
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n');
    return mutationsOf(tree).map((mutation) => {
      const { start, end, to } = mutation;
      const number = text.slice(0, start).split('\n').length;
      const line = (lines[number - 1] ?? '').trim();
      const id = hash('sha256', JSON.stringify([file, text, start, end, to])).slice(0, 20);
      return { ...mutation, place: `${file}:${number}`, file, line, from: text.slice(start, end), id };
    });
  }

  #program() {
    const project = this.#snapshot.getProject(PROJECT);
    if (!project) throw new Error(`TypeScript does not open ${PROJECT}`);
    return project.program;
  }

  /** Changes one file, and takes back what was changed before. */
  #change(path?: string, text = ''): void {
    const before = [...this.#changed.keys()];
    if (before.length === 0 && path === undefined) return;
    this.#changed.clear();
    if (path !== undefined) this.#changed.set(path, text);
    const changed = [...new Set([...before, ...this.#changed.keys()])];
    const next = this.#api.updateSnapshot({ fileChanges: { changed } });
    this.#snapshot.dispose();
    this.#snapshot = next;
  }
}
