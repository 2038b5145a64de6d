import { WaybillError } from '../../contract/errors.ts';

/** An event source mapping, or a function of one, is given settings that Lambda would refuse or this poller does not know. */
export class InvalidMapping extends WaybillError {
  readonly code = 'invalid-mapping';
}

/** Event sources still had something to do when the time was up. */
export class SourcesBusy extends WaybillError {
  readonly code = 'sources-busy';
}

/** An invocation took longer than its function's timeout. */
export class TaskTimedOut extends WaybillError {
  readonly code = 'task-timed-out';
}
