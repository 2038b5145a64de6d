import { dirname, join, normalize, relative } from 'node:path/posix';
import { tableRows } from './table-rows.ts';

/** The repository, as far as the site needs it. Paths are from its root. */
export interface Repository {
  /** The paths of all files. */
  readonly files: readonly string[];
  read(path: string): string;
}

/** A page of the site. */
export interface SitePage {
  /** The file or folder of the repository that it shows. */
  readonly source: string;
  /** Its own file in the site, such as `decisions/index.md`. */
  readonly target: string;
  /** Markdown, whose links lead to files of the site. */
  readonly text: string;
}

/** An entry of the sidebar, as VitePress takes it. */
export interface SidebarItem {
  readonly text: string;
  readonly link?: string;
  readonly collapsed?: boolean;
  readonly items?: readonly SidebarItem[];
}

const INDEX = 'docs/README.md';

/**
 * Every paper of the repository as a page, and each file or folder that one of them links to. An example has its code
 * on its page.
 *
 * @param written pages that are written anew for the site, by the path of the paper in whose place they stand
 * @throws when a link leads nowhere
 */
export function sitePages(repository: Repository, written: ReadonlyMap<string, string> = new Map()): SitePage[] {
  const papers = papersOf(repository);
  const targets = new Map(papers.map((paper) => [paper, targetOf(paper)]));
  const pages: SitePage[] = [];
  // Pages that others link to join the end, and are visited too.
  for (const [source, target] of targets) {
    const text = papers.includes(source) ? (written.get(source) ?? paperText(repository, source)) : '';
    pages.push({ source, target, text: text === '' ? codePage(repository, source) : relinked(text, source, target) });
  }
  return pages;

  function relinked(text: string, source: string, target: string): string {
    return mapProse(text, (prose) =>
      prose.replaceAll(/\]\(([^)\s]+)\)/g, (whole, given: string) => {
        const [to = '', anchor] = given.split('#');
        if (/^[a-z]+:/.test(given) || to === '') return whole;
        const path = normalize(join(dirname(source), to)).replace(/\/$/, '');
        const page = pageOf(repository, path);
        if (page === undefined) throw new Error(`${source} links to ${given}, and there is no ${path}`);
        if (!targets.has(page)) targets.set(page, `source/${page}.md`);
        const link = relative(dirname(target), targets.get(page) ?? '');
        return `](${link.startsWith('.') ? link : `./${link}`}${anchor === undefined ? '' : `#${anchor}`})`;
      }),
    );
  }
}

/** The sidebar: a group for each section of the index, whose tables name the pages. What is an index itself has its own below it. */
export function sidebarOf(repository: Repository): SidebarItem[] {
  const [, ...sections] = repository.read(INDEX).split(/^## /m);
  return sections.map((section) => ({
    text: section.split('\n')[0] ?? '',
    items: itemsOf(repository, INDEX, section),
  }));
}

function itemsOf(repository: Repository, index: string, text: string): SidebarItem[] {
  return tableRows(text).flatMap(([cell = '']) => {
    const links = [...cell.matchAll(/\[([^\]]+)\]\(([^)#\s]+)[^)]*\)/g)].flatMap(([, name = '', given = '']) => {
      const page = pageOf(repository, normalize(join(dirname(index), given)).replace(/\/$/, ''));
      return page?.endsWith('.md') ? [itemOf(repository, name, page)] : [];
    });
    const group = capitalized(cell.split('[')[0]?.replace(/\W+$/, '') ?? '');
    return links.length > 1 ? [{ text: group, collapsed: true, items: links }] : links;
  });
}

function itemOf(repository: Repository, name: string, page: string): SidebarItem {
  const item = { text: capitalized(name), link: `/${targetOf(page).replace(/(?:index)?\.md$/, '')}` };
  const isIndex = page.startsWith('docs/') || page === 'examples/README.md';
  const items = isIndex && page.endsWith('/README.md') ? itemsOf(repository, page, repository.read(page)) : [];
  return items.length > 0 ? { ...item, collapsed: true, items } : item;
}

/** Those of the templates are about the applications that are made of them. */
function papersOf({ files }: Repository): string[] {
  return files.filter((path) => path.endsWith('.md') && !path.startsWith('templates/'));
}

/** The paper, file or folder that a path of the repository means. */
function pageOf({ files }: Repository, path: string): string | undefined {
  if (files.includes(path)) return path;
  if (files.includes(`${path}/README.md`)) return `${path}/README.md`;
  return files.some((file) => file.startsWith(`${path}/`)) ? path : undefined;
}

function targetOf(paper: string): string {
  if (paper === 'README.md') return 'index.md';
  if (paper === INDEX) return 'contents.md';
  const path = paper.replace(/^docs\//, '').replace(/README\.md$/, 'index.md');
  return path.includes('/') ? path : path.toLowerCase();
}

function paperText(repository: Repository, paper: string): string {
  const text = repository.read(paper);
  if (!/^examples\/[^/]+\/README\.md$/.test(paper)) return text;
  return `${text}\n## Its code\n\n${codeOf(repository, dirname(paper)).join('\n\n')}\n`;
}

function codePage(repository: Repository, path: string): string {
  if (!repository.files.includes(path)) return [`# ${path}`, ...codeOf(repository, path)].join('\n\n');
  return `# ${path}\n\n${fenced(path, repository.read(path))}\n`;
}

function codeOf({ files, read }: Repository, folder: string): string[] {
  const own = files.filter((file) => file.startsWith(`${folder}/`) && !file.endsWith('.md'));
  return own.flatMap((file) => [`### ${file.slice(folder.length + 1)}`, fenced(file, read(file))]);
}

function fenced(path: string, code: string): string {
  return `\`\`\`\`${path.split('.').at(-1)}\n${code.trimEnd()}\n\`\`\`\``;
}

/** Changes what is neither a fenced block nor code within a line. */
function mapProse(text: string, change: (prose: string) => string): string {
  return text
    .split(/(^(?:`{3,}).*\n[\s\S]*?^`{3,}$|`[^`\n]+`)/m)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('');
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
