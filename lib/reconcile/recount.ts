import { DAY_MS, MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { messageTime } from '../message/message-id.ts';
import { type JudgeOptions, judgedBuckets } from './judge.ts';
import { writeRadar } from './radar-rows.ts';
import { groupIn, type ShardGroup } from './shard-groups.ts';
import { isOver, type TimeLeft } from './time-left.ts';
import { addLines, type Lines } from './totals.ts';

type RecountOptions = Pick<JudgeOptions, 'graph' | 'listEventSources'> & TimeLeft & { readonly group?: ShardGroup };

/** Minutes that one run counts again, at most. */
const MINUTES_A_RUN = 20;

/**
 * Minutes in which messages were committed that have come due since: what the radar shows of them as scheduled is counted
 * again. Those of the last day are left to the other passes.
 */
export class Recount {
  readonly #minutes = new Map<string, number>();

  /** @param now milliseconds since the epoch */
  note(id: string, now: number): void {
    if (messageTime(id) >= now - DAY_MS - MINUTE_MS) return;
    const minute = minuteOf(messageTime(id));
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + 1);
  }

  /**
   * Counts the minutes with the most messages that came due, as far as there is time. The others show what they did until
   * more of theirs do.
   */
  async run(ledger: Ledger, options: RecountOptions): Promise<void> {
    const group = groupIn(ledger, options);
    const most = [...this.#minutes].sort(([, one], [, other]) => other - one).slice(0, MINUTES_A_RUN);
    for (const [minute] of most) {
      if (isOver(ledger, options)) return;
      const asOf = ledger.environment.now();
      const from = Date.parse(`${minute}Z`);
      const lines: Lines = {};
      const buckets = judgedBuckets(ledger, { ...options, shards: group.shards, from, to: from + MINUTE_MS - 1 });
      for await (const { totals } of buckets) addLines(lines, totals.lines);
      const rows = Object.entries(lines).map(([businessLine, counts]) => ({ businessLine, minute, ...counts, asOf }));
      await writeRadar(ledger, rows, group.index);
    }
  }
}
