import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

/** What the generator of the pages has found: see scripts/docs/build-site.ts. */
const { base, version, sidebar } = JSON.parse(readFileSync(new URL('../site.json', import.meta.url), 'utf8'));

/** A parcel. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#c98a3d" d="M3 9 16 3l13 6v14l-13 6-13-6z"/><path fill="none" stroke="#fff" stroke-width="2" d="m3 9 13 6 13-6M16 15v14"/></svg>';

export default defineConfig({
  base,
  title: 'Waybill',
  description: 'Serverless event pipelines on AWS in which every committed message takes effect exactly once.',
  lang: 'en',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  srcDir: 'pages',
  outDir: 'dist',
  lastUpdated: false,
  markdown: {
    // The pages are plain Markdown: what looks like a tag in them is text.
    html: false,
    anchor: { slugify },
    languageAlias: { mermaid: 'txt' },
    config: (markdown) => drawDiagrams(markdown),
  },
  themeConfig: {
    sidebar,
    nav: [
      { text: 'Contents', link: '/contents' },
      { text: 'Command line', link: '/cli' },
      { text: `Version ${version}`, link: '/changelog' },
    ],
    outline: { level: [2, 3] },
    search: { provider: 'local', options: { detailedView: true } },
    docFooter: { prev: false, next: false },
  },
  vite: { build: { chunkSizeWarningLimit: 4000 }, logLevel: 'warn' },
});

/** As GitHub makes them, so that one link serves in both places. */
function slugify(/** @type {string} */ heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(/\s/g, '-');
}

/** A fence of mermaid becomes the component that draws it. */
function drawDiagrams(markdown) {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index];
    if (info.trim() !== 'mermaid') return fence(tokens, index, ...rest);
    return `<Diagram code="${encodeURIComponent(content)}" />\n`;
  };
}
