/** Writes docs/cli.md, the reference of the command line, from the commands themselves: `npm run cli-reference`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describedCommands } from '../lib/cli/index.ts';
import { cliReference } from './docs/cli-reference.ts';

writeFileSync(fileURLToPath(new URL('../docs/cli.md', import.meta.url)), cliReference(describedCommands()));
