import { workOn } from '../lib/redrive/redriver.ts';
import { createForwarder } from '../lib/relay/forwarder.ts';

export const handler = createForwarder({ redrive: workOn });
