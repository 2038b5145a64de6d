import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reportFile } from '../api/door-report.ts';
import { readPublicDoors } from '../api/public-doors.ts';
import { report, root, runProgram } from '../setup/program.mjs';
import { apiPage } from './api-page.ts';
import { thisRepository } from './repository.ts';
import { type SitePage, sidebarOf, sitePages } from './site-pages.ts';

const SETTINGS = join(root, 'scripts', 'docs', 'site');
const FOLDER = join(root, '.waybill', 'docs');

/** Where the site is. */
export const SITE_FOLDER = join(FOLDER, 'dist');

/**
 * Builds the site from the papers of this repository and the doc comments of the doors.
 *
 * @param base the path under which it will be served, such as `/waybill/`
 * @returns its pages
 * @throws SetupError when its packages cannot be installed, or VitePress refuses a page
 */
export async function buildSite(base: string): Promise<readonly SitePage[]> {
  const repository = thisRepository();
  const doors = await readPublicDoors();
  const written = new Map(doors.map((door) => [reportFile(door), apiPage(door)]));
  const pages = sitePages(repository, written);
  const { version } = JSON.parse(repository.read('package.json')) as { readonly version: string };
  await install();
  for (const part of ['pages', '.vitepress']) rmSync(join(FOLDER, part), { recursive: true, force: true });
  cpSync(join(SETTINGS, '.vitepress'), join(FOLDER, '.vitepress'), { recursive: true });
  for (const { target, text } of pages) write(join('pages', target), text);
  write('site.json', JSON.stringify({ base, version, sidebar: sidebarOf(repository) }));
  report(`building the site of ${pages.length} pages`);
  await runProgram(process.execPath, [join(FOLDER, 'node_modules/vitepress/bin/vitepress.js'), 'build', FOLDER], {
    cwd: FOLDER,
    failed: 'The site could not be built: mend what VitePress says above.',
  });
  return pages;
}

/** Installs VitePress and Mermaid, once for each lock file: they are no part of this repository's packages. */
async function install(): Promise<void> {
  const lock = readFileSync(join(SETTINGS, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  const stamp = join(FOLDER, 'node_modules', '.waybill-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  report('installing what builds the site (once, about half a minute)');
  mkdirSync(FOLDER, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(SETTINGS, file), join(FOLDER, file));
  const flags = [
    '--prefix',
    FOLDER,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--no-progress',
  ];
  await runProgram(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', ...flags, '--include=dev'], {
    shell: process.platform === 'win32',
    missing: 'There is no npm on the PATH: install Node.js with npm from https://nodejs.org.',
    failed: 'npm ci failed: mend what it says above (is the package registry reachable?), then run the command again.',
  });
  writeFileSync(stamp, digest);
}

function write(path: string, text: string): void {
  const file = join(FOLDER, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
