import { WaybillError } from '../../lib/contract/errors.ts';

/** An option of the run that cannot be meant. */
export class InvalidOption extends WaybillError {
  readonly code = 'invalid-option';
}

/** What is asked is a service that the engine does not have. */
export class ServiceMissing extends WaybillError {
  readonly code = 'service-missing';
}

/** There is no engine of that name. */
export class UnknownEngine extends WaybillError {
  readonly code = 'unknown-engine';
}

/** There is no such region. */
export class UnknownRegion extends WaybillError {
  readonly code = 'unknown-region';
}
