import { WaybillError } from '../contract/errors.ts';

/** No subscriber expects an event of this business line. */
export class UnknownBusinessLine extends WaybillError {
  readonly code = 'unknown-business-line';
}

/** The subscriber does not expect the message: there is nothing to send again. */
export class NotExpected extends WaybillError {
  readonly code = 'not-expected';
}
