// Imports a bundle, invokes its handler once, and says how long it took since the process began.
import { readFile } from 'node:fs/promises';

const [bundle = '', given = ''] = process.argv.slice(2);
const { event, context } = JSON.parse(await readFile(given, 'utf8'));
const { handler } = await import(bundle);
const loaded = performance.now();
const { batchItemFailures } = await handler(event, { ...context, getRemainingTimeInMillis: () => 30_000 });
const elapsed = performance.now();
const { user, system } = process.cpuUsage();
process.send?.({ loaded, elapsed, cpu: (user + system) / 1000, failures: batchItemFailures.length });
process.disconnect();
