import { createRegisterRoutes } from '../lib/runtime/register-routes.ts';

export const handler = createRegisterRoutes();
