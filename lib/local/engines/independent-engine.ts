import type { Report } from '../report.ts';

/** An engine that others have made, fetched at a pinned version when it is first started. */
export interface IndependentEngine {
  /** E.g. `dynamodb-local`. */
  readonly name: string;
  /** E.g. `DynamoDB Local`. */
  readonly title: string;
  /** The pinned version. */
  readonly version: string;
  /**
   * Fetches what it needs into the folder, and says how it is started.
   * @throws {EngineUnavailable} when this machine lacks what it runs on
   * @throws {EngineInstallFailed} when it could not be fetched
   */
  prepare(place: EnginePlace): Promise<ServerLaunch>;
}

/** Where an engine is to be found and to run. */
export interface EnginePlace {
  /** Holds the engine of this version alone, and is there. */
  readonly installFolder: string;
  /** A new folder of this run alone. */
  readonly runFolder: string;
  readonly port: number;
  /** Another free port, for engines that insist on a second one. */
  readonly secondPort: number;
  /** Where Java, Python and npm are looked for. */
  readonly environment: NodeJS.ProcessEnv;
  readonly report: Report;
}

/** How a server is started. */
export interface ServerLaunch {
  readonly program: string;
  readonly parameters: readonly string[];
  /** @default the run folder */
  readonly cwd?: string;
  /** Beside what every program needs. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The path that answers once the server is ready. @default / */
  readonly readyPath?: string;
}

/** An engine that runs, on the loopback interface. It ends with this process, however that ends. */
export interface RunningEngine {
  readonly name: string;
  readonly version: string;
  readonly endpoint: string;
  readonly region: string;
  /** Its process group. */
  readonly pid: number;
  readonly logFile: string;
  /** Ends it with every process of it. */
  stop(): Promise<void>;
}
