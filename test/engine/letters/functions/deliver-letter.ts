import { consume } from 'waybill/runtime';
import { DeliverLetter } from '../contract.ts';

export const handler = consume(DeliverLetter, () => undefined);
