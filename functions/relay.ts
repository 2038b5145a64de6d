import { createRelay } from '../lib/runtime/relay.ts';

export const handler = createRelay();
