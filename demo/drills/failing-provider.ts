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
  readonly #held: (() => void)[] = [];
  #hangs = false;
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
      const answer = () => response.writeHead(failed ? 503 : 200).end();
      if (this.#hangs) this.#held.push(answer);
      else answer();
    });
  }

  /** Starts one on a free port of this machine. */
  static async open(): Promise<FailingProvider> {
    const provider = new FailingProvider();
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  /** While it hangs it answers nobody; then all who have asked. */
  set hangs(hangs: boolean) {
    this.#hangs = hangs;
    if (!hangs) for (const answer of this.#held.splice(0)) answer();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
