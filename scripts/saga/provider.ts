import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A payment provider with a book of its own: it has no key twice in it unless it was asked twice. */
export class DrillProvider {
  readonly charges: string[] = [];
  readonly refunds: string[] = [];
  /** Executions to which it gives nothing back. */
  readonly refundsNothingTo = new Set<string>();
  readonly #server: Server;
  readonly url: string;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<DrillProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const provider = new DrillProvider(server);
    server.on('request', async (request, response) => {
      const [, kind = '', reference = ''] = (request.url ?? '').split('/').map(decodeURIComponent);
      const book = kind === 'charges' ? provider.charges : provider.refunds;
      const id = kind === 'charges' ? 'chargeId' : 'refundId';
      const body = await text(request);
      if (request.method === 'GET') {
        response
          .writeHead(book.includes(reference) ? 200 : 404)
          .end(JSON.stringify({ [id]: `no-${book.indexOf(reference) + 1}` }));
        return;
      }
      const { cents = 0 } = JSON.parse(body) as { cents?: number };
      const refusesRefund =
        kind === 'refunds' && [...provider.refundsNothingTo].some((execution) => reference.startsWith(execution));
      if (cents > 100_000 || refusesRefund) return void response.writeHead(402).end();
      book.push(reference);
      response.writeHead(200).end(JSON.stringify({ [id]: `no-${book.indexOf(reference) + 1}` }));
    });
    return provider;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
