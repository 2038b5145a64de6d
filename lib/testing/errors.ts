import { WaybillError } from '../contract/errors.ts';

/** An engine in memory was asked for something that it does not do. It never answers as if it had done it. */
export class UnsupportedByEngine extends WaybillError {
  readonly code = 'unsupported-by-engine';
}

/** A test used the test ledger in a way that proves nothing, such as delivering an event that nobody handles. */
export class TestMisused extends WaybillError {
  readonly code = 'test-misused';
}
