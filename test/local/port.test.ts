import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PortTaken } from '../../lib/local/errors.ts';
import { assertPortFree, freePort } from '../../lib/local/port.ts';

test('a free port can be listened on', async () => {
  const port = await freePort();
  await expect(assertPortFree(port)).resolves.toBeUndefined();
});

test('a taken port is refused with a sentence that names it', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  const refusal = assertPortFree(port);
  await expect(refusal).rejects.toThrow(PortTaken);
  await expect(refusal).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken: give another with --port`);
});
