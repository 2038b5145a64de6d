import { createSweeper } from '../lib/relay/sweeper.ts';

export const handler = createSweeper();
