#!/usr/bin/env node
import { createRequire } from 'node:module';

// Nothing else is imported before the version is known: an older Node fails while it loads the rest.
const { engines } = createRequire(import.meta.url)('waybill/package.json') as { engines: { node: string } };
const [major, minor] = engines.node.replace('>=', '').split('.').map(Number) as [number, number];
const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number) as [number, number];

if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
  process.stderr.write(
    `error: waybill needs Node ${major}.${minor} or newer, and this is Node ${process.versions.node}: install a newer one from https://nodejs.org.\n`,
  );
  process.exitCode = 1;
} else {
  const { keepCompiled } = await import('../lib/cli/keep-compiled.ts');
  keepCompiled();
  const { run } = await import('../lib/cli/index.ts');
  process.exitCode = await run(process.argv.slice(2));
}
