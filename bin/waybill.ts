#!/usr/bin/env node
import { keepCompiled } from '../lib/cli/keep-compiled.ts';

keepCompiled();
const { run } = await import('../lib/cli/index.ts');

process.exitCode = await run(process.argv.slice(2));
