import { onQueue } from '../function.ts';
import { noteShipping } from '../steps.ts';

export const handler = onQueue(noteShipping);
