import { createSweep } from '../lib/relay/sweeper.ts';

export const handler = createSweep();
