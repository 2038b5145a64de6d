import { keepCompiled } from '../lib/cli/keep-compiled.ts';

keepCompiled();
const { runDemo } = await import('./program.ts');

process.exitCode = await runDemo(process.argv.slice(2));
