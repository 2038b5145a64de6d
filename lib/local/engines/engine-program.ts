import type { InstallPlace } from './install-once.ts';

/** An engine that others have made, fetched at a pinned version when it is first started. */
export interface EngineProgram {
  /** Names its folder, its logs and its processes, e.g. `dynamodb-local`. */
  readonly name: string;
  /** E.g. `DynamoDB Local`. */
  readonly title: string;
  /** The pinned version. */
  readonly version: string;
  /** Names it inside a sentence. @default title and version */
  readonly phrase?: string;
  /**
   * Fetches what it needs into the folder, and says how it is started.
   * @throws EngineUnavailable when this machine lacks what it runs on
   * @throws EngineInstallFailed when it could not be fetched
   */
  prepare(place: EnginePlace): Promise<Launch>;
  /** Whether it is ready at the endpoint. @default whether any HTTP server answers there */
  answers?(endpoint: string, id: string): Promise<boolean>;
}

/** Where an engine is to be found and to run. Java, Python, Docker and npm are looked for in its environment. */
export interface EnginePlace extends InstallPlace {
  /** Names this run. */
  readonly id: string;
  /** A new folder of this run alone, named by its id, for temporary files. It lies outside any Node package. */
  readonly runFolder: string;
  readonly port: number;
  /** Another free port, for engines that insist on a second one. */
  readonly secondPort: number;
}

/** How an engine is started. */
export interface Launch {
  readonly program: string;
  readonly parameters: readonly string[];
  /** @default the run folder */
  readonly cwd?: string;
  /** Beside what every program needs. */
  readonly environment?: Readonly<NodeJS.ProcessEnv>;
  /** Whether it ends itself, with all that it has started, when its input does before a line `release`. @default false */
  readonly watchesInput?: boolean;
  /** The container's name when Docker runs it. */
  readonly container?: string;
  /** A folder in which it saves its state when it is ended, which takes it a while. */
  readonly persist?: string;
}
