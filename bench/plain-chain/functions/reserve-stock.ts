import { onQueue } from '../function.ts';
import { reserveStock } from '../steps.ts';

export const handler = onQueue(reserveStock);
