import { WaybillError } from '../contract/index.ts';

/** A system was given to the simulator that it cannot run. */
export class SimulatorMisused extends WaybillError {
  readonly code = 'simulator-misused';
}
