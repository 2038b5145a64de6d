import type { Wire } from '../../testing/engines/index.ts';
import { type Caller, faultyWire } from '../faults/request-wire.ts';
import { STATES } from '../faults/site.ts';
import type { World } from './world.ts';

/** Carries the requests of state machines, whose service does not die. Errors have the names that it gives them. */
export function statesWire(world: World): Wire {
  const caller: Caller = {
    actor: STATES,
    name: STATES,
    alive: true,
    deliver: (run) => run(),
    crash: () => undefined,
  };
  const wire = faultyWire(world, caller);
  return async (request, apply) => {
    try {
      return await wire(request, apply);
    } catch (error) {
      const { name } = error as Error;
      throw Object.assign(error as Error, { name: NAMES[name] ?? name });
    }
  };
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html */
const NAMES: Readonly<Record<string, string>> = {
  InternalServerError: 'InternalServerErrorException',
  TimeoutError: 'SdkClientException',
};
