import { sagaSettingsIn } from '../lib/saga/settings.ts';
import { createWaiter } from '../lib/saga/waiter.ts';

export const handler = createWaiter(sagaSettingsIn(process.env));
