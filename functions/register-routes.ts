import { createRegisterRoutes } from '../lib/relay/registrar.ts';

export const handler = createRegisterRoutes();
