import { onStream } from '../function.ts';
import { countSales } from '../steps.ts';

export const handler = onStream(countSales);
