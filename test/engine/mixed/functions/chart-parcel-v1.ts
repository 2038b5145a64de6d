import { ChartParcelV1 } from '../contract.ts';
import { weighingKilograms } from '../weighing.ts';

export const handler = weighingKilograms(ChartParcelV1);
