import { sagaSettingsIn } from '../lib/saga/settings.ts';
import { createStarter } from '../lib/saga/starter.ts';

export const handler = createStarter(sagaSettingsIn(process.env));
