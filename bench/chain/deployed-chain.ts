import type { Environment } from 'waybill/runtime';
import type { Order } from '../../examples/commerce/place-order.ts';

/** Either chain, as the benchmark drives it: by the shop's orders, and by sending messages again. */
export interface DeployedChain {
  /** Its calls are what the producer costs. The variables bind the business tables. */
  readonly producer: Environment;
  /** The log groups of the functions that take part in an order. */
  readonly logGroups: readonly string[];
  readonly queueUrls: readonly string[];
  placeOrder(order: Order): Promise<void>;
  /**
   * Puts the messages about these orders on the wire once more, unchanged, as a transport does that delivers twice: one
   * to each of the four functions for each order.
   *
   * @returns how many
   */
  sendAgain(orders: readonly Order[]): Promise<number>;
}
