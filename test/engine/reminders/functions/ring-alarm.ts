import { RingAlarm } from '../contract.ts';
import { noting } from '../noting.ts';

export const handler = noting(RingAlarm);
