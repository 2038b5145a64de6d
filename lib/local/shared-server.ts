import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineProgram } from './engines/engine-program.ts';
import { EngineRunsElsewhere, EngineSilent } from './errors.ts';
import { defaultStateFolder } from './folders.ts';
import { withLock } from './lock.ts';
import { answersAs, isRunning, type ServerOptions, type ServerState, startServer, stopServer } from './server.ts';
import { readState, removeState, type SharedState, serversOf, writeState } from './state-file.ts';

export interface ShareOptions extends ServerOptions {
  /** Whether the server outlives this process. Otherwise it ends with it, however that ends. @default false */
  readonly detached?: boolean;
}

/** The kind of a shared server. */
export interface SharedServerProps<Server, Options> {
  /** Names its files in the state folder: `<name>.json` and `<name>.lock`. */
  readonly name: string;
  /** Names it inside a sentence. */
  readonly phrase: string;
  /** The engines that run side by side, in the order of their start. */
  programs(options: Partial<Options>): readonly EngineProgram[];
  /** The form in which the server is handed out. */
  serverOf(state: SharedState, owned: boolean, stop: () => Promise<void>): Server;
}

/**
 * A server of this repository or user: the first process that wants it starts it, others find it by its state file, and any
 * may end it.
 */
export class SharedServer<Server, Options extends ShareOptions = ShareOptions> {
  readonly #props: SharedServerProps<Server, Options>;

  constructor(props: SharedServerProps<Server, Options>) {
    this.#props = props;
  }

  /** The server as written down, whether or not it runs. */
  read(stateFolder: string = defaultStateFolder()): SharedState | undefined {
    return readState(this.#file(stateFolder));
  }

  /**
   * The server if it runs. The state file of one that no longer runs is removed.
   * @throws EngineSilent when its process lives but does not answer
   */
  async find(stateFolder: string = defaultStateFolder()): Promise<Server | undefined> {
    const state = await this.#running(stateFolder);
    return state && this.#handOut(state, stateFolder, false);
  }

  /**
   * The server, started if it does not run. Two processes that ask at once get the same one.
   * @throws EngineRunsElsewhere when it runs, but not on the port that is asked for
   * @throws EngineSilent when its process lives but does not answer
   */
  share(options: Options = {} as Options): Promise<Server> {
    const stateFolder = options.stateFolder ?? defaultStateFolder();
    return withLock(
      join(stateFolder, `${this.#props.name}.lock`),
      async () => {
        const state = await this.#running(stateFolder);
        if (!state) return this.#start({ ...options, stateFolder });
        this.#assertPort(state, options.port);
        return this.#handOut(state, stateFolder, false);
      },
      () => options.report?.(`Another process starts ${this.#props.phrase}; waiting for it`),
    );
  }

  /** Ends the server, even one that does not answer. Answers with what ran, or undefined when nothing did. */
  async stop(stateFolder: string = defaultStateFolder()): Promise<SharedState | undefined> {
    const state = this.read(stateFolder);
    if (!state) return undefined;
    const servers = serversOf(state);
    const runs = servers.some(isRunning);
    if (runs) await Promise.all(servers.map(stopServer));
    removeState(this.#file(stateFolder), state.id);
    return runs ? state : undefined;
  }

  #file(stateFolder: string): string {
    return join(stateFolder, `${this.#props.name}.json`);
  }

  async #running(stateFolder: string): Promise<SharedState | undefined> {
    const state = this.read(stateFolder);
    if (!state) return undefined;
    const servers = serversOf(state);
    if (!servers.some(isRunning)) {
      removeState(this.#file(stateFolder), state.id);
      return undefined;
    }
    for (let attempt = 1; attempt <= 3; attempt++) {
      if (await this.#answer(servers)) return state;
      await sleep(200);
    }
    throw this.#silent(servers);
  }

  async #answer(servers: readonly ServerState[]): Promise<boolean> {
    const programs = this.#props.programs({});
    const answers = servers.map((server, index) => answersAs(programs[index], server));
    return (await Promise.all(answers)).every(Boolean);
  }

  #assertPort({ endpoint }: SharedState, port: number | undefined): void {
    if (port === undefined || new URL(endpoint).port === String(port)) return;
    throw new EngineRunsElsewhere(
      `${capitalized(this.#props.phrase)} already runs at ${endpoint}, not on port ${port}: end it first with \`waybill down\`.`,
    );
  }

  async #start(options: Options & { readonly stateFolder: string }): Promise<Server> {
    const started = [];
    try {
      for (const program of this.#props.programs(options)) started.push(await startServer(program, options));
      const [first, ...others] = started.map(({ state }) => state);
      const state = { ...(first as ServerState), ...(others.length > 0 && { beside: others }) };
      writeState(this.#file(options.stateFolder), state);
      // Released only once it can be found: whatever ends this process before that ends the server too.
      if (options.detached) await Promise.all(started.map((server) => server.release()));
      return this.#handOut(state, options.stateFolder, true);
    } catch (error) {
      await Promise.allSettled(started.map((server) => server.stop()));
      throw error;
    }
  }

  #handOut(state: SharedState, stateFolder: string, owned: boolean): Server {
    return this.#props.serverOf(state, owned, async () => {
      await Promise.all(serversOf(state).map(stopServer));
      removeState(this.#file(stateFolder), state.id);
    });
  }

  #silent(servers: readonly ServerState[]): EngineSilent {
    const its = servers.length > 1 ? { it: 'them', log: 'Their logs are' } : { it: 'it', log: 'Its log is' };
    const all = (what: (server: ServerState) => unknown) => servers.map(what).join(' and ');
    return new EngineSilent(
      `${capitalized(this.#props.phrase)} (process ${all(({ pid }) => pid)}) does not answer at ` +
        `${all(({ endpoint }) => endpoint)}: end ${its.it} with \`waybill down\`. ${its.log} ${all(({ logFile }) => logFile)}.`,
    );
  }
}

function capitalized(phrase: string): string {
  return `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}`;
}
