import type { Order } from '../examples/commerce/place-order.ts';
import type { BookedCharge, PaymentProvider } from './payment-provider.ts';

/** What `--json` says of the provider's own book. Payments are named by `<order id>_<payment sequence>`. */
export interface ProviderVerdict {
  /** The charges of this run. */
  readonly charges: number;
  /** Payments that were charged more than once. */
  readonly doubled: readonly string[];
  /** Payments of the shop that were not charged. */
  readonly missing: readonly string[];
}

/** What the provider's book says of a run. */
export interface ProviderAudit extends ProviderVerdict {
  /** Payments that were charged otherwise than the shop has it: of another amount, or though it has no such payment. */
  readonly wrong: readonly string[];
  /** The sums, in words. */
  readonly summary: string;
}

/** What the provider keeps for itself. */
export type ProviderBooks = Pick<PaymentProvider, 'book' | 'troubles' | 'asked'>;

/**
 * Compares the provider's own book with the payments of the shop. Neither knows of messages.
 *
 * @param paid the orders whose payment the shop has
 * @param run what the run's order ids begin with: the book may hold more
 */
export function auditProvider(provider: ProviderBooks, paid: readonly Order[], run: string): ProviderAudit {
  const charges = provider.book.filter(({ reference }) => reference.startsWith(`${run}.`));
  const due = new Map(paid.map((order) => [`${order.orderId}_${order.paymentSequence}`, order.amountCents]));
  const made = Map.groupBy(charges, ({ reference }) => reference);
  const differs = ({ reference, amountCents }: BookedCharge) => due.get(reference) !== amountCents;
  return {
    charges: charges.length,
    doubled: [...made].flatMap(([payment, some]) => (some.length > 1 ? [payment] : [])),
    missing: [...due.keys()].filter((payment) => !made.has(payment)),
    wrong: [...new Set(charges.filter(differs).map(({ reference }) => reference))],
    summary: summaryOf(provider, charges),
  };
}

/** The part that `--json` prints. */
export function providerVerdict({ charges, doubled, missing }: ProviderAudit): ProviderVerdict {
  return { charges, doubled, missing };
}

function summaryOf({ troubles, asked }: ProviderBooks, charges: readonly BookedCharge[]): string {
  const dollars = (charges.reduce((sum, { amountCents }) => sum + amountCents, 0) / 100).toFixed(2);
  const { late, error, lost } = troubles;
  const went = `${late} carried out late, ${error} answered with 500 all the same, ${lost} replies lost`;
  return `provider: ${charges.length} charges of $${dollars} in its own book; ${went}, asked ${asked} times what became of one`;
}
