import { LoadParcelV2 } from '../contract.ts';
import { weighingGrams } from '../weighing.ts';

export const handler = weighingGrams(LoadParcelV2);
