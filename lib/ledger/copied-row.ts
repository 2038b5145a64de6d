import { type Environment, quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { getRow, type Ledger } from './ledger.ts';
import type { LedgerKey } from './rows/layout.ts';

/** How long a copy is good; when it is half as old, the row is read again. */
export const COPY_MS = 10 * MINUTE_MS;

/** What an environment knows of a row. */
interface Known<Value> {
  /** What it said when it was read last; absent where it never was. */
  readonly copy?: { readonly value: Value; readonly read: number };
  /** When it was last asked for, in milliseconds since the epoch. */
  readonly asked: number;
}

/**
 * A row of which each environment, in Lambda each process, keeps a copy. Nobody waits for the row: it is read beside whatever is
 * under way, once in five minutes.
 */
export class CopiedRow<Row, Value> {
  readonly #key: LedgerKey;
  readonly #read: (row: Row | undefined) => Value;
  readonly #known = new WeakMap<Environment, Known<Value>>();

  constructor(key: LedgerKey, read: (row: Row | undefined) => Value) {
    this.#key = key;
    this.#read = read;
  }

  /** What the row said at most ten minutes ago; `undefined` where that is not known. */
  of(ledger: Ledger): Value | undefined {
    const { environment } = ledger;
    const now = environment.now();
    const { copy, asked = Number.NEGATIVE_INFINITY } = this.#known.get(environment) ?? {};
    const isOld = !copy || now - copy.read >= COPY_MS / 2;
    if (isOld && now - asked >= MINUTE_MS) void this.learn(ledger);
    return copy && now - copy.read < COPY_MS ? copy.value : undefined;
  }

  /** Reads the row. Where it cannot be read, everything goes on as before. */
  async learn(ledger: Ledger): Promise<void> {
    const { environment } = ledger;
    const asked = environment.now();
    this.#known.set(environment, { ...this.#known.get(environment), asked });
    try {
      const value = this.#read(await getRow<Row>(ledger, this.#key, { consistent: false }));
      this.#known.set(environment, { copy: { value, read: asked }, asked });
    } catch (error) {
      quietly(() => environment.log.warn(`${this.#key.pk} not read`, errorTrace(error)));
    }
  }
}
