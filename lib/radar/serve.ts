import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { WaybillError } from '../contract/errors.ts';
import { radarApp } from './app.ts';
import type { RadarSource } from './radar-source.ts';

/** A radar that is being served. */
export interface RadarServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Nothing can listen on the port. */
export class PortUnavailable extends WaybillError {
  readonly code = 'port-unavailable';
}

const LOOPBACK = '127.0.0.1';

/**
 * Serves the radar on loopback: nobody reaches it from another machine, and no other site's page from this one.
 *
 * @param port @default a free one
 * @throws PortUnavailable
 */
export async function serveRadar(
  source: RadarSource,
  { port = 0 }: { readonly port?: number } = {},
): Promise<RadarServer> {
  let hosts: string[] = [];
  const app = radarApp(source, { hosts: () => hosts, token: randomBytes(32).toString('base64url') });
  const server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new PortUnavailable(`Nothing can listen on port ${port} of ${LOOPBACK} (${cause.code}): give another --port`, {
          cause,
        }),
      );
    });
    server.listen(port, LOOPBACK, resolve);
  });
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : port;
  hosts = [LOOPBACK, 'localhost'].map((name) => `${name}:${own}`);
  return {
    url: `http://${LOOPBACK}:${own}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Live pages hold theirs open.
        server.closeAllConnections();
      }),
  };
}
