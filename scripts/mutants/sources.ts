import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { API, type Snapshot } from 'typescript/unstable/sync';
import { root } from '../setup/program.mjs';
import { mutationsOf } from './mutations.ts';

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
  /** The whole file with the mistake in it. */
  readonly source: string;
}

const PROJECT = join(root, 'tsconfig.json');

/** The repository's sources as TypeScript knows them. The files themselves stay as they are. */
export class Sources {
  readonly #changed = new Map<string, string>();
  readonly #api = new API({ cwd: root, fs: { readFile: (file) => this.#changed.get(file) } });
  #snapshot: Snapshot = this.#api.updateSnapshot({ openProjects: [PROJECT] });

  /** @param folders from the repository's root: their files, and those of their folders */
  mutantsIn(folders: readonly string[]): Mutant[] {
    const files = folders.flatMap((folder) => globSync(`${folder}{,/**/*.ts}`, { cwd: root })).sort();
    return [...new Set(files)].filter((file) => file.endsWith('.ts')).flatMap((file) => this.#mutantsOf(file));
  }

  /** Whether types refuse a mutant. Only its own file is asked. */
  refuses({ file, source }: Mutant): boolean {
    const path = join(root, file);
    this.#changed.set(path, source);
    this.#update(path);
    const program = this.#program();
    const found = [...program.getSyntacticDiagnostics(path), ...program.getSemanticDiagnostics(path)];
    this.#changed.delete(path);
    this.#update(path);
    return found.length > 0;
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
    return mutationsOf(tree).map(({ start, end, to, isGuard }) => {
      const number = text.slice(0, start).split('\n').length;
      const source = `${text.slice(0, start)}${to}${text.slice(end)}`;
      const line = (lines[number - 1] ?? '').trim();
      return { place: `${file}:${number}`, file, line, from: text.slice(start, end), to, isGuard, source };
    });
  }

  #program() {
    const project = this.#snapshot.getProject(PROJECT);
    if (!project) throw new Error(`TypeScript does not open ${PROJECT}`);
    return project.program;
  }

  #update(changed: string): void {
    const next = this.#api.updateSnapshot({ fileChanges: { changed: [changed] } });
    this.#snapshot.dispose();
    this.#snapshot = next;
  }
}
