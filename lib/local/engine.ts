import { REGION, sharedEnvironment } from './endpoint.ts';
import { type MiniStackOptions, ministack } from './engines/ministack.ts';
import { type ServerState, type StartedServer, startServer } from './server.ts';
import type { ShareOptions } from './shared-server.ts';

/** `timeoutMs` is 60,000 by default. */
export interface EngineOptions extends ShareOptions, MiniStackOptions {}

/** An embedded engine that runs. */
export interface Engine {
  readonly kind: 'embedded';
  readonly endpoint: string;
  readonly region: string;
  /** The engine's process and process group; its Lambda workers are in the group. */
  readonly pid: number;
  readonly logFile: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Whether this process started it. */
  readonly owned: boolean;
  /** The variables by which AWS SDKs and the CDK CLI use the engine. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the engine with every process of it. Ending it twice does nothing. */
  stop(): Promise<void>;
}

/** An engine that was started here and ends with this process, until it is released. */
export interface StartedEngine extends Engine, StartedServer {}

/**
 * Starts an embedded engine of its own on the loopback interface and waits until it answers.
 * @throws PortTaken when the port that is asked for is not free
 * @throws PythonMissing when neither a Python that is new enough is here nor a Docker engine
 * @throws PythonIncomplete when the Python lacks `venv` or `pip`, and no Docker engine is here
 * @throws EngineInstallFailed when pip fails
 * @throws EngineStartFailed when the engine ends or does not answer in time
 */
export async function startEngine(options: EngineOptions = {}): Promise<StartedEngine> {
  const server = await startServer(ministack(options), { timeoutMs: 60_000, ...options });
  if (options.detached) await server.release();
  return { ...server, ...engineOf(server.state, true, server.stop) };
}

/** The engine that a state describes. */
export function engineOf(state: ServerState, owned: boolean, stop: () => Promise<void>): Engine {
  const { endpoint, pid, logFile, startedAt } = state;
  const env = sharedEnvironment(endpoint);
  return { kind: 'embedded', endpoint, region: REGION, pid, logFile, startedAt, owned, env, stop };
}
