import { booking } from '../booking.ts';
import { BookFifo } from '../contract.ts';

export const handler = booking(BookFifo);
