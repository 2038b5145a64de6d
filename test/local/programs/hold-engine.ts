import { startEngine } from '../../../lib/local/engine.ts';

/** Starts an engine that belongs to this process, says so, and does what its parameter names. */
const engine = await startEngine({ stateFolder: process.argv[3] });
console.log(JSON.stringify({ pid: engine.pid, endpoint: engine.endpoint }));
const [, , what] = process.argv;
if (what === 'throw') throw new Error('nobody catches this');
if (what === 'exit') process.exit(0);
if (what === 'wait') setInterval(() => {}, 1000);
