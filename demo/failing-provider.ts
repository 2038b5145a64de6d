import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request of a handler. */
export interface Call {
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
  readonly failed: boolean;
  /** Of the circuit, when the handler called. */
  readonly state: string;
}

/** The provider that the handlers of an outage ask: it fails while it is told to, and notes who asked when. */
export class FailingProvider {
  isDown = false;
  calls: Call[] = [];
  /** The paths whose requests went well. */
  readonly charged = new Set<string>();
  /** Says in which state the circuit is. */
  stateOf: () => Promise<string> = async () => 'closed';
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const { isDown: failed } = this;
      this.calls.push({ at: Date.now(), failed, state: await this.stateOf() });
      if (!failed) this.charged.add(request.url ?? '');
      request.resume();
      response.writeHead(failed ? 503 : 200).end();
    });
  }

  /** Starts one on a free port of this machine. */
  static async open(): Promise<FailingProvider> {
    const provider = new FailingProvider();
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
