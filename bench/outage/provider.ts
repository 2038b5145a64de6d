import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request of a handler. */
export interface Call {
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
  readonly failed: boolean;
}

/** The provider that the handlers ask: it fails while it is told to, and notes who asked when. */
export class Provider {
  isDown = false;
  /** Of this drill. */
  calls: Call[] = [];
  /** The charges that went well, of all drills. */
  readonly charged = new Set<string>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { isDown: failed } = this;
      this.calls.push({ at: Date.now(), failed });
      if (!failed) this.charged.add(request.url ?? '');
      request.resume();
      response.writeHead(failed ? 503 : 200).end();
    });
  }

  static async open(): Promise<Provider> {
    const provider = new Provider();
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
