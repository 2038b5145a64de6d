import { LoadParcelV1 } from '../contract.ts';
import { weighingKilograms } from '../weighing.ts';

export const handler = weighingKilograms(LoadParcelV1);
