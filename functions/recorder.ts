import { createRecorder } from '../lib/consume/recorder.ts';

export const handler = createRecorder();
