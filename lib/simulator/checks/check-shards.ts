import { unmarshall } from '@aws-sdk/util-dynamodb';
import { MINUTE_MS } from '../../contract/time.ts';
import type { MintedRow } from '../../ledger/rows/shards.ts';
import type { RowEntry, RunRecord } from '../run/run-record.ts';
import { MESSAGES_A_SHARD, SHARDS } from '../run/world.ts';
import type { System } from '../system.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/** How long every reader has known of a count before the first id is minted for it, in milliseconds. */
const LEAD_MS = 10 * MINUTE_MS;
/** What a request takes on its way, in milliseconds, where it is on time. */
const ON_ITS_WAY_MS = 10_000;
/** A shard that has so many times the mean is one key's. */
const HOT = 3;

/** What a run excuses. */
interface Excuses extends Leniency {
  /** Whether nothing has failed, and nothing stands still. */
  readonly clean: boolean;
}

/**
 * G: the shards of a ledger are doubled for a minute that had too many messages for them, of which no key had most; ten
 * minutes before the first id is minted for the new count. Where nothing fails, they are doubled until they are enough.
 */
export function checkShards({ maxShards }: System, { entries }: RunRecord, excuses: Excuses): Violation[] {
  if (maxShards === undefined) return [];
  const growth = new Growth(maxShards, excuses);
  for (const entry of entries) {
    if (entry.kind !== 'row' || !entry.row || !entry.change.after) continue;
    if (entry.row.kind === 'shards' && entry.row.sk === 'minted') growth.onRaise(entry);
    else if (entry.row.kind === 'outbox' && !entry.change.before) growth.onCommit(entry.row.sk);
  }
  growth.end();
  return growth.wrong.map((what): Violation => ({ invariant: 'G', what }));
}

/** How many shards ids are minted for from a moment on. */
type Minted = Pick<MintedRow, 'shards' | 'since'>;

class Growth {
  readonly wrong: string[] = [];
  readonly #most: number;
  readonly #excuses: Excuses;
  /** What was written, in turn. */
  readonly #minted: Minted[] = [{ shards: SHARDS, since: 0 }];
  /** Messages of each minute by shard: what each minute's ids say. */
  readonly #minutes = new Map<number, Map<number, number>>();

  constructor(most: number, excuses: Excuses) {
    this.#most = most;
    this.#excuses = excuses;
  }

  get #last(): Minted {
    return this.#minted.at(-1) as Minted;
  }

  onCommit(id: string): void {
    const { time, shards, shard } = readId(id);
    const known = Math.max(...this.#minted.filter(({ since }) => since <= time).map((one) => one.shards));
    if (this.#excuses.sameShards && shards > known) {
      this.wrong.push(`${id} is minted for ${shards} shards, when ids were to be minted for ${known}`);
    }
    const minute = time - (time % MINUTE_MS);
    const lying = this.#minutes.get(minute) ?? new Map<number, number>();
    this.#minutes.set(minute, lying.set(shard, (lying.get(shard) ?? 0) + 1));
  }

  onRaise({ change, at }: RowEntry): void {
    const { shards, since } = unmarshall(change.after ?? {}) as MintedRow;
    const { sameShards, onTime, fresh } = this.#excuses;
    const before = this.#last;
    const raised = `shards are raised from ${before.shards} to ${shards}`;
    this.#minted.push({ shards, since });
    if (shards > this.#most) this.wrong.push(`${raised}, and there may be ${this.#most}`);
    if (sameShards && shards !== 2 * before.shards) this.wrong.push(`${raised}, which is not the double`);
    if (onTime && since < at + LEAD_MS - ON_ITS_WAY_MS) this.wrong.push(`${raised} in less than ten minutes`);
    if (onTime && at < before.since) this.wrong.push(`${raised} before ids were minted for ${before.shards}`);
    if (sameShards && fresh && !this.#full(before).some((minute) => !this.#isHot(minute, before))) {
      this.wrong.push(`${raised}, and no minute had more for ${before.shards} than one key's`);
    }
  }

  end(): void {
    const last = this.#last;
    if (!this.#excuses.clean || last.shards >= this.#most) return;
    const full = this.#full(last);
    const fullest = full.filter(
      (minute) => this.#messages(minute) === Math.max(...full.map((one) => this.#messages(one))),
    );
    if (fullest.length > 0 && !fullest.some((minute) => this.#isHot(minute, last))) {
      this.wrong.push(`${last.shards} shards were too few, and are not raised`);
    }
  }

  /** The minutes that had too many messages for so many shards, and whose ids could be minted for them. */
  #full({ shards, since }: Minted): number[] {
    const minutes = [...this.#minutes.keys()].filter((minute) => minute >= since);
    return minutes.filter((minute) => this.#messages(minute) > shards * MESSAGES_A_SHARD);
  }

  #messages(minute: number): number {
    return [...(this.#minutes.get(minute)?.values() ?? [])].reduce((sum, messages) => sum + messages, 0);
  }

  #isHot(minute: number, { shards }: Minted): boolean {
    const busiest = Math.max(...(this.#minutes.get(minute)?.values() ?? []));
    return busiest * shards >= HOT * this.#messages(minute);
  }
}

/** The layout of message ids is that of the design: a UUIDv7, whose last 16 bits are log2 of the shards and a hash of the key. */
function readId(id: string) {
  const time = Number.parseInt(id.slice(0, 13).replace('-', ''), 16);
  const shards = 2 ** Number.parseInt(id.slice(-4, -3), 16);
  return { time, shards, shard: Number.parseInt(id.slice(-3), 16) % shards };
}
