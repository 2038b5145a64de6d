import { WaybillError } from '../contract/errors.ts';

/** A system was given to the simulator that it cannot run. */
export class SimulatorMisused extends WaybillError {
  readonly code = 'simulator-misused';
}
