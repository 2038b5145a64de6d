import { booking } from '../booking.ts';
import { Book } from '../contract.ts';

export const handler = booking(Book);
