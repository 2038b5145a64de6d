/**
 * Builds the docs as a site, and follows every link of it: `npm run docs -- [--base /waybill/] [--look [--only PART]] [--serve [--port 4173]]`.
 *
 * `--look` opens every page in Chromium, or those whose path holds PART, light, dark and on a phone, tries the search, and leaves a screenshot
 * of each.
 * `--serve` serves the site to this machine until Ctrl-C. Needs the package registry once, for VitePress and Mermaid.
 *
 * Exits with 1 where something is wrong. The last line without `--serve` is 'N passed, N failed'.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { buildSite, SITE_FOLDER } from './docs/build-site.ts';
import { checkSite } from './docs/check-site.ts';
import { lookAtSite, SCREENSHOTS } from './docs/look-at-site.ts';
import { serveSite } from './docs/serve-site.ts';
import { SetupError } from './setup/program.mjs';
import { exitWith } from './setup.mjs';

const USAGE = `npm run docs -- [--base /path/] [--look] [--only PART] [--serve] [--port 4173]

  --base   the path under which the site will be served (default: /)
  --look   opens every page in Chromium, light, dark and on a phone, and takes screenshots
  --only   looks at the pages whose path holds this
  --serve  serves it to this machine until Ctrl-C
  --port   on this port (default: one that is free)
`;

await run().catch(exitWith);

async function run(): Promise<void> {
  const { base, look, only, serve, port, help } = options();
  if (help) return void process.stdout.write(USAGE);
  const built = await buildSite(base);
  const { pages, links, dead, far } = checkSite(SITE_FOLDER, base);
  const complaints = [...dead, ...far.map((page) => `${page} is more than three clicks away`)];
  if (pages.length !== built.length) complaints.push(`${built.length} pages were written, and ${pages.length} built`);
  tell(`${SITE_FOLDER}: ${pages.length} pages, ${links} links followed`);
  const server = look || serve ? await serveSite(SITE_FOLDER, base, serve ? port : 0) : undefined;
  if (look && server) {
    const looked = await lookAtSite(
      server.url,
      pages.filter((page) => page.includes(only)),
    );
    complaints.push(...looked.complaints);
    tell(`${SCREENSHOTS}: ${looked.screenshots} screenshots`);
  }
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  if (complaints.length > 0) process.exitCode = 1;
  if (serve && server) {
    tell(`serving at ${server.url}`);
    await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  }
  await server?.close();
  if (!serve) tell(`\n${pages.length - Math.min(pages.length, complaints.length)} passed, ${complaints.length} failed`);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        base: { type: 'string', default: '/' },
        look: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        serve: { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!/^\/(?:.*\/)?$/.test(values.base))
      throw new Error(`--base is '${values.base}': it begins and ends with a slash.`);
    if (!/^\d{1,5}$/.test(values.port)) throw new Error(`--port is '${values.port}': give a number.`);
    return { ...values, port: Number(values.port) };
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
