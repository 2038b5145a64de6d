import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { tutorialIn } from '../../../scripts/docs/tutorial.ts';
import { files, papers, proseOf, root, textOf } from './paper.ts';

test('no link of a paper leads nowhere', () => {
  const dead = papers.flatMap((paper) =>
    linksOf(paper)
      .filter((link) => !isThere(link))
      .map((link) => `${paper}: ${link.given}`),
  );

  expect(dead).toEqual([]);
});

test('every page of docs is found from docs/README.md', () => {
  const found = new Set(['docs/README.md']);
  for (const page of found) {
    for (const { path } of linksOf(page)) {
      const target = isFolder(path) ? join(path, 'README.md') : path;
      if (target.startsWith('docs/') && papers.includes(target)) found.add(target);
    }
  }

  expect(files.filter((file) => file.startsWith('docs/') && !found.has(file))).toEqual([]);
});

test('every path that a paper names exists', () => {
  const named = /(?<![\w./@-])(?:bench|bin|demo|examples|lib|scripts|test)\/[\w./-]*\w/g;

  const gone = papers.flatMap((paper) =>
    [...textOf(paper).matchAll(named)]
      .map(([path]) => path)
      .filter((path) => !exists(path) && !(paper === TUTORIAL && isOfItsApplication(path)))
      .map((path) => `${paper}: ${path}`),
  );

  expect(gone).toEqual([]);
});

/** Its paths are those of the application that it makes: from the template, or written by a step. */
const TUTORIAL = 'docs/start.md';

function isOfItsApplication(path: string): boolean {
  const steps = tutorialIn(textOf(TUTORIAL)).flatMap((part) => part.steps);
  return exists(`templates/app/${path}`) || steps.some((step) => step.kind === 'write' && step.path === path);
}

interface Link {
  readonly given: string;
  /** From the root of the repository. */
  readonly path: string;
  readonly anchor: string | undefined;
}

/** The links to other files of the repository, and within a paper. */
function linksOf(paper: string): Link[] {
  return [...proseOf(textOf(paper)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, given = '']) => given)
    .filter((given) => !/^[a-z]+:/.test(given))
    .map((given) => {
      const [target = '', anchor] = given.split('#');
      return { given, path: target === '' ? paper : normalize(join(dirname(paper), target)), anchor };
    });
}

function isThere({ path, anchor }: Link): boolean {
  return exists(path) && (anchor === undefined || (papers.includes(path) && anchorsOf(path).includes(anchor)));
}

/** As GitHub makes them of headings. */
function anchorsOf(paper: string): string[] {
  const headings = [...proseOf(textOf(paper)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(/\s/g, '-'),
  );
}

function exists(path: string): boolean {
  return existsSync(join(root, path));
}

function isFolder(path: string): boolean {
  return exists(path) && statSync(join(root, path)).isDirectory();
}
