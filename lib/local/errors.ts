import { WaybillError } from '../contract/errors.ts';

/** No Python that can run the embedded engine was found, and no Docker engine answered either. */
export class PythonMissing extends WaybillError {
  readonly code = 'python-missing';
}

/** There is a Python, but not its `venv` or `pip` (Debian ships them as a package of their own). */
export class PythonIncomplete extends WaybillError {
  readonly code = 'python-incomplete';
}

/** The embedded engine could not be installed. The message ends with what pip said. */
export class EngineInstallFailed extends WaybillError {
  readonly code = 'engine-install-failed';
}

/** The port that was asked for is not free. */
export class PortTaken extends WaybillError {
  readonly code = 'port-taken';
}

/** The embedded engine ended, or did not answer, while it started. The message ends with the last lines of its log. */
export class EngineStartFailed extends WaybillError {
  readonly code = 'engine-start-failed';
}

/** The shared engine runs on another port than the one that was asked for. */
export class EngineRunsElsewhere extends WaybillError {
  readonly code = 'engine-runs-elsewhere';
}

/** The shared engine's process lives, but it does not answer. */
export class EngineSilent extends WaybillError {
  readonly code = 'engine-silent';
}

/** A process of the engine outlived SIGKILL. */
export class EngineStopFailed extends WaybillError {
  readonly code = 'engine-stop-failed';
}

/** Nothing answers at `AWS_ENDPOINT_URL`, or it is no URL. */
export class EndpointSilent extends WaybillError {
  readonly code = 'endpoint-silent';
}

/** The CDK CLI failed. The message ends with the last lines that it printed. */
export class DeployFailed extends WaybillError {
  readonly code = 'deploy-failed';
}

/** Java, Python or Maven, on which an engine runs or by which it is fetched, is not on this machine. */
export class EngineUnavailable extends WaybillError {
  readonly code = 'engine-unavailable';
}
