import { createForwarder } from '../lib/runtime/forward.ts';

export const handler = createForwarder();
