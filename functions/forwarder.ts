import { createForwarder } from '../lib/relay/forwarder.ts';

export const handler = createForwarder();
