import { booking } from '../booking.ts';
import { Tally } from '../contract.ts';

export const handler = booking(Tally);
