import { createRegistrar } from '../lib/relay/registrar.ts';

export const handler = createRegistrar();
