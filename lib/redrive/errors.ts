import { WaybillError } from '../contract/errors.ts';

/** A redrive cannot begin: the subscriber is not there, another one runs there, or nothing is selected. */
export class RedriveRefused extends WaybillError {
  readonly code = 'redrive-refused';
}

/** There is no such redrive. */
export class UnknownRedrive extends WaybillError {
  readonly code = 'unknown-redrive';
}
