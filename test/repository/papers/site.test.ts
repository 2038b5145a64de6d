import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { checkSite } from '../../../scripts/docs/check-site.ts';
import { thisRepository } from '../../../scripts/docs/repository.ts';
import { type SidebarItem, sidebarOf, sitePages } from '../../../scripts/docs/site-pages.ts';
import { papers } from './paper.ts';

const pages = sitePages(thisRepository());

test('every paper is a page of the site, at most three clicks from the first by the links of its text', () => {
  const linked = new Map(pages.map(({ target, text }) => [target, linksOf(target, text)]));
  const clicks = new Map([['index.md', 0]]);
  for (const [page, count] of clicks) {
    for (const other of linked.get(page) ?? []) if (!clicks.has(other)) clicks.set(other, count + 1);
  }

  expect(papers.filter((paper) => !pages.some(({ source }) => source === paper))).toEqual([]);
  expect(pages.filter(({ target }) => (clicks.get(target) ?? 99) > 3).map(({ target }) => target)).toEqual([]);
});

test('the sidebar has every page of docs and of the doors, by docs/README.md alone', () => {
  const listed = sidebarOf(thisRepository()).flatMap(linksIn);
  const wanted = pages.filter(({ source }) => /^(?:docs|api)\//.test(source) && source !== 'docs/README.md');

  expect(wanted.length).toBeGreaterThan(40);
  expect(
    wanted.map(({ target }) => `/${target.replace(/(?:index)?\.md$/, '')}`).filter((link) => !listed.includes(link)),
  ).toEqual([]);
});

test('links lead from page to page of the site, to code as well, and one that leads nowhere is refused', () => {
  const papers: Record<string, string> = {
    'README.md': 'See [the docs](docs/README.md#a), `[no](link)` and [all](examples/one).',
    'docs/README.md': '## A\n\n| page | |\n| --- | --- |\n| [code](../lib/a.ts) [deep](deep/README.md) | |\n',
    'docs/deep/README.md': '[home](../../README.md)\n\n```md\n[no](link)\n```\n',
    'examples/one/README.md': '# One',
    'examples/one/a.ts': 'const a = 1;',
    'lib/a.ts': 'const b = 2;',
  };
  const repository = { files: Object.keys(papers), read: (path: string) => papers[path] ?? '' };
  const texts = Object.fromEntries(sitePages(repository).map(({ target, text }) => [target, text]));

  expect(texts['index.md']).toBe('See [the docs](./contents.md#a), `[no](link)` and [all](./examples/one/index.md).');
  expect(texts['contents.md']).toContain('[code](./source/lib/a.ts.md) [deep](./deep/index.md)');
  expect(texts['deep/index.md']).toBe('[home](../index.md)\n\n```md\n[no](link)\n```\n');
  expect(texts['examples/one/index.md']).toContain('### a.ts\n\n````ts\nconst a = 1;\n````');
  expect(texts['source/lib/a.ts.md']).toContain('const b = 2;');
  papers['docs/deep/README.md'] = '[gone](gone.md)';
  expect(() => sitePages(repository)).toThrow(
    'docs/deep/README.md links to gone.md, and there is no docs/deep/gone.md',
  );
});

test('a dead link, a heading that is not there and a page that is far away are found in a built site', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-site-'));
  const write = (path: string, html: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), html);
  };
  const sidebar = '<aside class="VPSidebar"><a href="/base/c/d.html">d</a></aside>';
  write(
    'index.html',
    `${sidebar}<a href="/base/a">a</a> <a href="https://example.com/x">x</a> <a class="x" href="gone.html">g</a>`,
  );
  write('a.html', '<h2 id="one">1</h2><a href="#one">1</a><a href="./b.html#two">2</a>');
  write('b.html', '<a href="./c/?a=1&amp;b=2">c</a>');
  write('c/index.html', '<a href="d.html">d</a>');
  write('c/d.html', '');
  const found = checkSite(folder, '/base/');
  rmSync(folder, { recursive: true });

  expect(found.dead).toEqual(['a.html links to ./b.html#two', 'index.html links to gone.html']);
  expect(found.far).toEqual(['c/d.html']);
  expect(found).toMatchObject({ pages: expect.arrayContaining(['a.html', 'c/d.html']), links: 7 });
});

function linksIn({ link, items = [] }: SidebarItem): string[] {
  return [...(link ? [link] : []), ...items.flatMap(linksIn)];
}

function linksOf(page: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, given = '']) => normalize(join(dirname(page), given)));
}
