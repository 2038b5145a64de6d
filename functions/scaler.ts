import { createScaler } from '../lib/scale/scaler.ts';

export const handler = createScaler();
