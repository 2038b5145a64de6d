import { createKeeper } from '../lib/saga/keeper.ts';
import { sagaSettingsIn } from '../lib/saga/settings.ts';

export const handler = createKeeper(sagaSettingsIn(process.env));
