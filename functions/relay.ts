import { createRelay } from '../lib/relay/relay.ts';

export const handler = createRelay();
