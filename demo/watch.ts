import { setTimeout as sleep } from 'node:timers/promises';
import type { FunctionLogs } from './function-logs.ts';
import type { Poison } from './poison.ts';
import type { MessageTracker } from './tracker.ts';
import { copiesSkipped, lettersMissing } from './verdict.ts';
import type { DeadLetterBox, WireDuplicates } from './wire.ts';

/** Everything of a run that moves. */
export interface Watched {
  readonly tracker: Pick<MessageTracker, 'messages' | 'ended' | 'pending' | 'poll'>;
  readonly duplicates: Pick<WireDuplicates, 'sent' | 'send'>;
  readonly letters: Pick<DeadLetterBox, 'letters' | 'poll'>;
  readonly logs: Pick<FunctionLogs, 'usage' | 'poll'>;
  readonly poison: readonly Poison[];
  /** Whether something that has not ended is late, and not missing. */
  readonly isUnderWay: () => Promise<boolean>;
  /** Says how far it is. */
  readonly report: (state: State) => void;
}

/** How far a run is. */
export interface State {
  readonly messages: number;
  /** Ends that are still to come: a message has one at each subscriber of its type. */
  readonly pending: number;
  /** Poison, and messages that ended as dead, that are not in their dead-letter queues. */
  readonly letters: number;
  /** Copies with the same id that no function has been seen to skip. */
  readonly copies: number;
}

/** How long a run may take over something, in milliseconds. */
export interface Patience {
  /** Between two looks. */
  readonly pause: number;
  /** After which nothing that moves is taken for stuck, where nothing is under way. */
  readonly idle: number;
  /** The same while something is: it is late, not lost. */
  readonly held: number;
}

/**
 * A message whose function died stays hidden for 6 times the function's timeout of 10 s, and one that fails again and
 * again rests for 15 minutes at last.
 */
export const PATIENCE: Patience = { pause: 400, idle: 100_000, held: 1_000_000 };

/**
 * Watches until every message has ended everywhere, all poison is dead-lettered and every copy is skipped, or until
 * nothing has moved for a while, or until it is interrupted.
 *
 * @param isOpen whether more may come: orders are still submitted
 * @returns what is missing in the end; all zero when nothing is
 */
export async function watch(
  watched: Watched,
  isOpen: () => boolean,
  { pause, idle, held }: Patience,
  signal?: AbortSignal,
): Promise<State> {
  const { tracker, duplicates, report, isUnderWay } = watched;
  let [followed, moved, before] = [0, performance.now(), ''];
  for (let still = false; ; ) {
    const began = performance.now();
    const open = isOpen();
    const ended = await tracker.poll(still);
    const messages = [...tracker.messages.values()];
    await duplicates.send(messages.slice(followed), ended);
    followed = messages.length;
    const state = await stateOf(watched, open);
    report(state);
    if (!open && state.pending === 0 && state.letters === 0 && state.copies === 0) return state;

    const now = JSON.stringify(state);
    still = now === before;
    before = now;
    if (!still) moved = performance.now();
    const quiet = performance.now() - moved;
    if (signal?.aborted || quiet > held || (quiet > idle && !(await isUnderWay()))) return state;
    // Watching takes at most a fourth of the time, so that what is watched gets on.
    const rest = Math.max(pause, 3 * (performance.now() - began));
    await sleep(rest, undefined, { signal }).catch(() => undefined);
  }
}

async function stateOf({ tracker, duplicates, letters, logs, poison }: Watched, open: boolean): Promise<State> {
  const { pending, ended, messages } = tracker;
  // What is cheap to ask is asked each time; the rest when it may be the last thing that is missing.
  const late = !open && pending === 0;
  if (poison.length > 0 || late) await letters.poll();
  const sent = Object.entries(duplicates.sent);
  const usage = late && sent.length > 0 ? await logs.poll() : logs.usage;
  const unseen = sent.map(([name, count]) => Math.max(0, count - copiesSkipped(usage, name, ended)));
  const copies = unseen.reduce((sum, count) => sum + count, 0);
  return { messages: messages.size, pending, letters: lettersMissing({ ...letters, poison, ended }), copies };
}

/** A state in words. */
export function describe({ messages, pending, letters, copies }: State, ended: number): string {
  const waiting = [
    ...(pending > 0 ? [`${pending} to come`] : []),
    ...(letters > 0 ? [`${letters} dead letters to come`] : []),
    ...(copies > 0 ? [`${copies} copies to be skipped`] : []),
  ];
  return [`${messages} messages committed`, `${ended} ends`, ...waiting].join(', ');
}
