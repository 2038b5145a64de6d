import { createSweep } from '../lib/runtime/sweep.ts';

export const handler = createSweep();
