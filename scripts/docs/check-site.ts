import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What is wrong with a built site, in words. */
export interface SiteFindings {
  /** Pages of the site, by their path in it. */
  readonly pages: readonly string[];
  readonly links: number;
  /** Links to pages, files or headings that are not there. */
  readonly dead: readonly string[];
  /** Pages that are more than three clicks away from the first, by links in the text and at the top alone. */
  readonly far: readonly string[];
}

const MOST_CLICKS = 3;
/** Its deeper levels are folded, so that it takes more clicks than it seems. */
const SIDEBAR = /<aside class="VPSidebar[\s\S]*?<\/aside>/;

/** Follows every link of every page of a built site, as a browser would. */
export function checkSite(folder: string, base: string): SiteFindings {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll(sep, '/'));
  const pages = files.filter((path) => path.endsWith('.html') && path !== '404.html');
  const html = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]));
  const links = new Map(pages.map((page) => [page, linksOf(html.get(page) ?? '', page, base)]));
  const dead = pages.flatMap((page) =>
    (links.get(page) ?? [])
      .filter(({ path, anchor }) => !isThere(path, anchor))
      .map(({ given }) => `${page} links to ${given}`),
  );
  const clicks = clicksTo((page) =>
    linksOf((html.get(page) ?? '').replace(SIDEBAR, ''), page, base).map(({ path }) => path),
  );
  return {
    pages,
    links: [...links.values()].flat().length,
    dead: [...new Set(dead)],
    far: pages.filter((page) => (clicks.get(page) ?? Number.POSITIVE_INFINITY) > MOST_CLICKS),
  };

  function isThere(path: string, anchor: string): boolean {
    if (anchor === '') return files.includes(path);
    return html.get(path)?.includes(` id="${anchor}"`) ?? false;
  }
}

function clicksTo(linked: (page: string) => readonly string[]): Map<string, number> {
  const clicks = new Map([['index.html', 0]]);
  for (const [page, count] of clicks) {
    for (const other of linked(page)) if (!clicks.has(other)) clicks.set(other, count + 1);
  }
  return clicks;
}

interface Link {
  readonly given: string;
  /** Of the file in the site. */
  readonly path: string;
  readonly anchor: string;
}

/** The links of a page to the site itself. */
function linksOf(html: string, page: string, base: string): Link[] {
  const here = new URL(page, `http://site${base}`);
  return [...html.matchAll(/<a\b[^>]*?\bhref="([^"]*)"/g)].flatMap(([, escaped = '']) => {
    const given = escaped.replaceAll('&amp;', '&');
    const url = new URL(given, here);
    if (url.origin !== here.origin) return [];
    const path = decodeURIComponent(url.pathname).replace(base, '');
    return [{ given, path: pageFile(path), anchor: decodeURIComponent(url.hash.slice(1)) }];
  });
}

/** The file that a server answers an address with. */
function pageFile(path: string): string {
  if (path === '' || path.endsWith('/')) return `${path}index.html`;
  return /\.\w+$/.test(path.split('/').at(-1) ?? '') ? path : `${path}.html`;
}
