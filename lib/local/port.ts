import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PortTaken } from './errors.ts';

/** A port of the loopback interface that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** @throws PortTaken when the port cannot be listened on */
export async function assertPortFree(port: number): Promise<void> {
  try {
    await listenOnce(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EACCES' ? 'is not open to this user' : code === 'EADDRINUSE' ? 'is taken' : `fails (${code})`;
    throw new PortTaken(
      `Port ${port} of 127.0.0.1 ${reason}: give another with --port, or leave it out and a free one is chosen.`,
      { cause: error },
    );
  }
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return address.port;
}
