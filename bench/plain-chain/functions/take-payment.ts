import { onQueue } from '../function.ts';
import { takePayment } from '../steps.ts';

export const handler = onQueue(takePayment);
