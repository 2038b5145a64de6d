import { WaybillError } from '../../contract/errors.ts';

/** An engine did not make a resource of a template. The message names the resource, the engine and what it answered. */
export class ResourceRefused extends WaybillError {
  readonly code = 'resource-refused';
}

/** A template cannot be hosted: it refers to what it does not have, or uses a function that is not known. */
export class TemplateNotUnderstood extends WaybillError {
  readonly code = 'template-not-understood';
}

/** The routes of a subscriber could not be written into the hosted ledger. */
export class RoutesNotRegistered extends WaybillError {
  readonly code = 'routes-not-registered';
}
