import { whileInitializing } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { CopiedRow } from './copied-row.ts';
import { getRow, type Ledger, ledgerOf, putRow } from './ledger.ts';
import { MINTED_KEY, type MintedRow } from './rows/shards.ts';

/** How long every reader has known of a count before the first id is minted for it: longer than any run of a reader takes. */
export const MINTED_LEAD_MS = 10 * MINUTE_MS;

const copies = new CopiedRow<MintedRow, MintedRow | undefined>(MINTED_KEY, (row) => row);

whileInitializing(async (environment) => {
  if (environment.variables[BINDINGS.maxShards]) await copies.learn(ledgerOf(environment));
});

/**
 * For how many shards new ids are minted: what the ledger's row says since its moment, where the ledger grows by itself, and
 * the binding's number elsewhere. Whoever does not know the row mints for fewer, which does no harm.
 */
export function mintingShards(ledger: Ledger): number {
  const { environment, shards } = ledger;
  if (!environment.variables[BINDINGS.maxShards]) return shards;
  const minted = copies.of(ledger);
  return minted && minted.since <= environment.now() ? Math.max(shards, minted.shards) : shards;
}

/** What the row says; `undefined` while there is none. */
export function readMinted(ledger: Ledger): Promise<MintedRow | undefined> {
  return getRow<MintedRow>(ledger, MINTED_KEY);
}

/**
 * Has ids minted for more shards, ten minutes from now.
 *
 * @param before what the row said when that was decided
 * @returns whether it is written: nobody else has raised it meanwhile
 */
export async function raiseMinted(ledger: Ledger, before: MintedRow | undefined, shards: number): Promise<boolean> {
  const { kind } = await putRow<MintedRow>(
    ledger,
    { ...MINTED_KEY, shards, since: ledger.environment.now() + MINTED_LEAD_MS },
    before
      ? { ConditionExpression: 'shards = :before', ExpressionAttributeValues: { ':before': { N: `${before.shards}` } } }
      : { ConditionExpression: 'attribute_not_exists(pk)' },
  );
  return kind === 'written';
}
