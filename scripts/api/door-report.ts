import { join } from 'node:path';
import { root } from '../setup/program.mjs';
import type { Door, PublicName } from './public-doors.ts';

/** The file of a door's report, from the repository's root: `api/testing.md` for `waybill/testing`. */
export function reportFile({ specifier }: Door): string {
  const [, path = 'index'] = specifier.split('/');
  return join('api', `${path}.md`);
}

/** Where the report is, on this machine. */
export function reportPath(door: Door): string {
  return join(root, reportFile(door));
}

/** What a door exports, for reviewers: a change of the public API is a change of this text. */
export function reportOf({ specifier, names }: Door): string {
  const values = names.filter(({ isValue }) => isValue);
  const types = names.filter(({ isValue }) => !isValue);
  return [
    `# API of \`${specifier}\``,
    `Written by \`npm run api\`: ${values.length} values and ${types.length} types.`,
    '## Values',
    ...values.map(entryOf),
    '## Types',
    ...types.map(entryOf),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

function entryOf({ name, kind, summary, declarations }: PublicName): string {
  return [`### ${name}: ${kind}`, ...(summary ? [summary] : []), ['```ts', ...declarations, '```'].join('\n')].join(
    '\n\n',
  );
}
