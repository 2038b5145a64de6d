import { ChartParcelV2 } from '../contract.ts';
import { weighingGrams } from '../weighing.ts';

export const handler = weighingGrams(ChartParcelV2);
