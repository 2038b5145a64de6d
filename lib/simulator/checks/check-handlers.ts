import type { Evidence } from './evidence.ts';
import type { Violation } from './violation.ts';

/** What the run time says of an attempt whose handler has not waited for what it began, or has answered with something. */
const UNAWAITED = /The handler (?:returned while|answered with)/;
/** What it says where a handler was still running when its time was up. */
const UNFINISHED = /HandlerUnfinished/;
/** After the last fault, what was begun before it has come to an end. */
const SETTLED_MS = 60_000;

/**
 * H: a handler waits for all that it begins, answers with nothing, and comes to an end. What it does not wait for is lost,
 * and no fault is to blame for it: the sentence is for whoever wrote the handler.
 */
export function checkHandlers(evidence: Evidence, rejections: readonly string[]): Violation[] {
  const { lateUses, failures } = evidence;
  const wrong = [
    ...lateUses.map(
      ({ subscriber }) =>
        `the handler of '${subscriber}' used its transaction after it had returned, which has no effect: an \`await\` is missing in it`,
    ),
    ...failures.flatMap(({ subscriber, detail }) => {
      const at = detail.search(UNAWAITED);
      return at < 0
        ? []
        : [`the handler of '${subscriber}' forgets an \`await\`, or returns something: ${detail.slice(at)}`];
    }),
    ...hanging(evidence).map(
      (subscriber) =>
        `the handler of '${subscriber}' hangs: it was still running each time when its invocation's time was up`,
    ),
    ...rejections.map(
      (error) => `a handler forgets an \`await\`: a promise that nobody waits for was rejected with ${error}`,
    ),
  ];
  return [...new Set(wrong)].map((what) => ({ invariant: 'H', what }));
}

/** Subscribers whose handlers do not come to an end though nothing fails any more, or never did. */
function hanging({ failures, ends, healed }: Evidence): string[] {
  const late = failures.filter(({ at, detail }) => at > healed.at + SETTLED_MS && UNFINISHED.test(detail));
  // An answer that came late once, after other failures, is no handler that hangs.
  const dead = ends.filter(({ subscriber, id, state, row: { detail = '' } }) => {
    const own = failures.filter((one) => one.subscriber === subscriber && one.id === id);
    return state === 'dead' && UNFINISHED.test(detail) && own.every((one) => UNFINISHED.test(one.detail));
  });
  return [...late, ...dead].map(({ subscriber }) => subscriber);
}
