import type { Environment } from 'waybill/runtime';
import { audit, type Finding, type Step, type Totals } from './audit.ts';
import type { Order } from './order.ts';
import { readBooks } from './read-books.ts';
import { demandOf, stockUp } from './stock.ts';

/** Pieces of each article that are left when every order of a run is served. */
const SPARE = 3;

/** Puts enough goods into the shop to serve the orders. */
export function stockUpFor(orders: readonly Order[], options: { readonly environment: Environment }): Promise<void> {
  const quantities = [...demandOf(orders)].map(([sku, quantity]) => [sku, quantity + SPARE] as const);
  return stockUp(new Map(quantities), options);
}

/** What the shop's own books say of a run. */
export interface RunAudit {
  readonly conserved: boolean;
  readonly findings: readonly Finding[];
  /** The sums that were compared, each in words. */
  readonly sums: readonly string[];
}

/**
 * Compares the business tables with the orders of a run.
 *
 * @param stopped orders whose message was dead-lettered, by subscriber
 */
export async function auditRun(
  run: string,
  submitted: readonly Order[],
  stopped: Readonly<Partial<Record<Step, ReadonlySet<string>>>>,
  environment: Environment,
): Promise<RunAudit> {
  const { conserved, findings, totals } = audit(submitted, await readBooks(run, environment), stopped);
  return { conserved, findings, sums: sumsOf(totals) };
}

function sumsOf({ money, stock, notes }: Totals): string[] {
  const dollars = (cents: number) => `$${(cents / 100).toFixed(2)}`;
  return [
    `money: ${dollars(money.ordered)} ordered, ${dollars(money.paid)} paid, ${dollars(money.sold)} in the sales`,
    `stock: ${stock.initial} pieces at first, ${stock.left} left, ${stock.reserved} reserved`,
    `notes: ${notes.due} due, ${notes.written} written`,
  ];
}
