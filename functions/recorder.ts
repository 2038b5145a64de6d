export { recorder as handler } from '../lib/consume/recorder.ts';
