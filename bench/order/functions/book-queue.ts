import { booking } from '../booking.ts';
import { BookQueue } from '../contract.ts';

export const handler = booking(BookQueue);
