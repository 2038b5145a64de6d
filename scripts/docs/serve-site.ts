import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';

export interface SiteServer {
  /** Of the first page, such as `http://127.0.0.1:4173/`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a built site to this machine alone.
 *
 * @param port 0 for one that is free
 */
export async function serveSite(folder: string, base: string, port: number): Promise<SiteServer> {
  const app = new Hono();
  const rewriteRequestPath = (path: string) => path.replace(base, '/');
  app.use(`${base}*`, serveStatic({ root: folder, rewriteRequestPath }));
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
