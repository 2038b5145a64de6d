import { OrderPlaced } from '../examples/commerce/contract.ts';
import type { FinishedRun } from './run.ts';
import { endedAt, type Latency, latencyOf, lettersOfRun, misjudgedPoison, missingPoison } from './verdict.ts';

/** How many of a long list are written out. */
const SOME = 10;

/** What a run came to, in words, line by line. */
export function summaryOf({ verdict, evidence, provider, missing, copies, milliseconds }: FinishedRun): string[] {
  const { committed, subscribers, perMessage, latencyMs } = verdict;
  const types = countsOf(evidence.committed.map(({ type }) => type));
  const reasons = countsOf(lettersOfRun(evidence).map(({ reason }) => reason));
  // An invocation that died has not said what it skipped. The books say whether it took effect.
  const unseen = missing.copies > 0 ? `, of which ${missing.copies} were not seen to be skipped` : '';
  const width = Math.max(...Object.keys(subscribers).map((name) => name.length));
  const lines = Object.entries(subscribers).map(([name, { handled, duplicates, deadLettered }]) => {
    const counts = `${handled} handled, ${duplicates} duplicates skipped, ${deadLettered} dead-lettered`;
    return `  ${name.padEnd(width)}  ${counts}; ${latencyText(latencyOf(endedAt(evidence.ended, name)))}`;
  });
  return [
    `${committed} messages committed in ${(milliseconds / 1000).toFixed(1)} s (${types})`,
    ...lines,
    ...(copies > 0 ? [`copies with the same id put on the wire: ${copies}${unseen}`] : []),
    ...(reasons ? [`dead letters: ${reasons}`] : []),
    ...evidence.audit.sums,
    ...(provider ? [provider.summary] : []),
    `commit → handled, everywhere: ${latencyText(latencyMs)}`,
    `per message: ${perMessage.calls} AWS calls, ${perMessage.writeUnits} write units`,
  ];
}

/** What is wrong with a run, in words, line by line; empty when nothing is. */
export function problemsOf({ verdict, evidence, unknown, provider }: FinishedRun): string[] {
  const findings = evidence.audit.findings.map((one) => `${one.step} of ${one.orderIds.join(', ')}: ${one.what}`);
  const unsubmitted = unknown.map(({ orderId }) => orderId);
  const unposted = missingPoison(evidence).map(({ subscriber, kind }) => `${kind} for ${subscriber}`);
  const misjudged = misjudgedPoison(evidence).map(
    ({ subscriber, kind, reason, given }) => `${kind} for ${subscriber}: ${given}, not ${reason}`,
  );
  return [
    ...list('Lost', verdict.lost),
    ...list('Doubled', verdict.doubled),
    ...list('In the books', findings),
    ...list('Charged more than once', provider?.doubled ?? []),
    ...list('Not charged', provider?.missing ?? []),
    ...list('Charged otherwise than the shop has it', provider?.wrong ?? []),
    ...(verdict.conserved ? [] : ['Money, stock or shipping notes do not add up']),
    ...list('Not submitted, or it is not known whether the shop kept them', unsubmitted),
    ...list('Not dead-lettered', unposted),
    ...list('Dead-lettered for another reason', misjudged),
  ];
}

/**
 * Says where to look at a run afterwards, line by line.
 *
 * @param broken the messages that were sabotaged: of one of them there is more to see
 * @param isOver whether the engine ends with the demo
 */
export function whereToLook({ evidence }: FinishedRun, broken: readonly string[], isOver: boolean): string[] {
  const orders = evidence.committed.filter(({ type }) => type === OrderPlaced.type);
  const order = orders.find(({ id }) => broken.includes(id)) ?? orders[0];
  const ended = ' while an engine runs (`npm run waybill up` beforehand keeps it after the demo)';
  return [
    `Where to look${isOver ? ended : ''}:`,
    '  npm run waybill radar       the health of each business line, live in a browser',
    '  npm run waybill reconcile   this comparison again',
    ...(order ? [`  npm run waybill trace ${order.id}   an order of this run, hop by hop`] : []),
  ];
}

function countsOf(names: readonly string[]): string {
  return [...Map.groupBy(names, (name) => name)].map(([name, some]) => `${some.length} ${name}`).join(', ');
}

function latencyText({ p50, p99 }: Latency): string {
  return `p50 ${p50} ms, p99 ${p99} ms`;
}

function list(what: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length > SOME ? [`  … and ${items.length - SOME} more`] : [];
  return [`${what}: ${items.length}`, ...items.slice(0, SOME).map((item) => `  ${item}`), ...more];
}
