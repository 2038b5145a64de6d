export { recorder as handler } from '../lib/runtime/recorder.ts';
