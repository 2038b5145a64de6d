/**
 * `npm start`: deploys the example shop, runs orders through it, and proves what became of them. It stands on the public
 * doors and on `examples/commerce`; its drills lie in `drills/`. There is no public door for these, so that the demo takes them from `lib`:
 *
 * - `local/index`: the engine, and deploying
 * - `local/process-table`, `local/processes`: the processes in which the engine runs a function, to kill them
 * - `cli/*`: command line, progress, interruption, the table of a reconciliation
 * - `aws/concurrently`: so many at once
 * - `ledger/graph`, `reconcile/heal`, `reconcile/passes`: what the deployed reconciler does each minute, every few seconds
 * - `relay/registrar`, `ledger/rows/format`: what the deployed registrar does for CloudFormation, for a subscriber that the demo removes
 * - `inspect/list-event-sources`: by which reconcile() knows that nothing reads a queue
 * - `ledger/circuit`, `ledger/ledger`: in which state a subscriber's circuit is
 * - `ledger/scale`: how much a subscriber takes on at once
 * - `ledger/batch-get`, `ledger/rows/inbox`: hundreds of messages followed by one request, where trace() follows each
 * - `message/message-id`: ids for poison, their time, and their shard
 * - `consume/dead-letter`: the bytes in a dead letter
 */
import { keepCompiled } from '../lib/cli/keep-compiled.ts';

keepCompiled();
const { runDemo } = await import('./program.ts');

process.exitCode = await runDemo(process.argv.slice(2));
