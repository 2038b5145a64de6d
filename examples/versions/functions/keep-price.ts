import { consume } from 'waybill/runtime';
import { KeepPrice, Prices } from '../contract.ts';

/** Keeps the price of an article. It sees version 2 alone: the contract has upgraded what was sent in version 1. */
export const handler = consume(KeepPrice, ({ sku, cents }, { tx }) => {
  tx.put(Prices, { sku, cents });
});
