import type { FinishedRun } from './run.ts';
import { latencyOf, lettersOfRun, misjudgedPoison, missingPoison } from './verdict.ts';

/** How many of a long list are written out. */
const SOME = 10;

/** What a run came to, in words, line by line. */
export function summaryOf(finished: FinishedRun): string[] {
  const { verdict, evidence, missing, copies, milliseconds } = finished;
  const seconds = milliseconds / 1000;
  const types = Map.groupBy(evidence.committed, ({ type }) => type);
  const reasons = Map.groupBy(lettersOfRun(evidence), ({ reason }) => reason);
  const each = [...types].map(([type, messages]) => `${messages.length} ${type}`).join(', ');
  // An invocation that died has not said what it skipped. The books say whether it took effect.
  const unseen = missing.copies > 0 ? `, of which ${missing.copies} were not seen to be skipped` : '';
  const width = Math.max(...Object.keys(verdict.subscribers).map((name) => name.length));
  return [
    `${verdict.committed} messages committed in ${seconds.toFixed(1)} s (${each})`,
    ...Object.entries(verdict.subscribers).map(
      ([name, { handled, duplicates, deadLettered }]) =>
        `  ${name.padEnd(width)}  ${handled} handled, ${duplicates} duplicates skipped, ${deadLettered} dead-lettered; ${latencyIn(finished, name)}`,
    ),
    ...(copies > 0 ? [`copies with the same id put on the wire: ${copies}${unseen}`] : []),
    ...(reasons.size > 0
      ? [`dead letters: ${[...reasons].map(([reason, letters]) => `${letters.length} ${reason}`).join(', ')}`]
      : []),
    ...evidence.audit.sums,
    `commit → handled, everywhere: ${latencyText(verdict.latencyMs)}`,
    `per message: ${verdict.perMessage.calls} AWS calls, ${verdict.perMessage.writeUnits} write units`,
  ];
}

function latencyIn({ evidence }: FinishedRun, name: string): string {
  return latencyText(latencyOf(evidence.ended.filter(({ subscriber }) => subscriber === name)));
}

function latencyText({ p50, p99 }: { readonly p50: number; readonly p99: number }): string {
  return `p50 ${p50} ms, p99 ${p99} ms`;
}

/** What is wrong with a run, in words, line by line; empty when nothing is. */
export function problemsOf(finished: FinishedRun): string[] {
  const { verdict, evidence, unknown } = finished;
  return [
    ...list('Lost', verdict.lost),
    ...list('Doubled', verdict.doubled),
    ...list(
      'In the books',
      evidence.audit.findings.map(({ step, orderIds, what }) => `${step} of ${orderIds.join(', ')}: ${what}`),
    ),
    ...(verdict.conserved ? [] : ['Money, stock or shipping notes do not add up']),
    ...list(
      'Not submitted, or it is not known whether the shop kept them',
      unknown.map(({ orderId }) => orderId),
    ),
    ...list(
      'Not dead-lettered',
      missingPoison(evidence).map(({ subscriber, kind }) => `${kind} for ${subscriber}`),
    ),
    ...list(
      'Dead-lettered for another reason',
      misjudgedPoison(evidence).map(
        ({ subscriber, kind, reason, given }) => `${kind} for ${subscriber}: ${given}, not ${reason}`,
      ),
    ),
  ];
}

function list(what: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length > SOME ? [`  … and ${items.length - SOME} more`] : [];
  return [`${what}: ${items.length}`, ...items.slice(0, SOME).map((item) => `  ${item}`), ...more];
}
