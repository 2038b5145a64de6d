import { createServer, type Server } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { EndpointSilent } from '../../lib/local/errors.ts';
import { freePort } from '../../lib/local/port.ts';
import { environmentFor, resolveEngine, runningTarget } from '../../lib/local/target.ts';
import { temporaryFolder } from './fake-program.ts';

/** Anything that speaks HTTP. */
async function someEngine(): Promise<string> {
  const server: Server = createServer((_, response) => void response.writeHead(403).end());
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`));
  });
}

test('with AWS_ENDPOINT_URL set that engine is the target, and stopping leaves it alone', async () => {
  const endpoint = await someEngine();
  const target = await resolveEngine({
    environment: { AWS_ENDPOINT_URL: `${endpoint}/` },
    stateFolder: temporaryFolder(),
  });
  expect(target).toMatchObject({ kind: 'external', endpoint, owned: false, region: 'us-east-1' });
  expect(target.env).toMatchObject({
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
  });
  await target.stop();
  expect((await fetch(endpoint)).status).toBe(403);
});

test('an external engine keeps the region and the credentials that its user set', async () => {
  const own = { AWS_ENDPOINT_URL: await someEngine(), AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: '123456789012' };
  const target = await resolveEngine({ environment: own, stateFolder: temporaryFolder() });
  expect(environmentFor(target, own)).toMatchObject({ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: '123456789012' });
});

test('an AWS_ENDPOINT_URL where nothing answers is refused with one sentence', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const resolution = resolveEngine({ environment: { AWS_ENDPOINT_URL: endpoint }, stateFolder: temporaryFolder() });
  await expect(resolution).rejects.toThrow(EndpointSilent);
  await expect(resolution).rejects.toThrow(`AWS_ENDPOINT_URL is ${endpoint}, and nothing answers there`);
});

test('of an engine that `up` started and that has ended, what it exported means none', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const environment = { AWS_ENDPOINT_URL: endpoint, WAYBILL_UP_ENDPOINT: endpoint };
  const stateFolder = temporaryFolder();
  await expect(runningTarget({ environment, stateFolder })).resolves.toBeUndefined();
  const another = { ...environment, AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` };
  await expect(runningTarget({ environment: another, stateFolder })).rejects.toThrow(EndpointSilent);
});

test('an AWS_ENDPOINT_URL that is no URL is refused likewise', async () => {
  const resolution = resolveEngine({ environment: { AWS_ENDPOINT_URL: 'nonsense' }, stateFolder: temporaryFolder() });
  await expect(resolution).rejects.toThrow(EndpointSilent);
});

test('the real AWS is used when asked for, whatever AWS_ENDPOINT_URL says', async () => {
  const environment = {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:1',
    AWS_PROFILE: 'team',
    AWS_REGION: 'eu-north-1',
  };
  const target = await resolveEngine({ aws: true, environment });
  expect(target).toMatchObject({ kind: 'aws', endpoint: undefined, region: 'eu-north-1' });
  const resulting = environmentFor(target, environment);
  expect(resulting).toMatchObject({ AWS_PROFILE: 'team', AWS_REGION: 'eu-north-1' });
  expect(Object.keys(resulting).filter((name) => name.startsWith('AWS_ENDPOINT_URL'))).toEqual([]);
});

test('without an engine nothing is found, and nothing is started', async () => {
  await expect(runningTarget({ environment: {}, stateFolder: temporaryFolder() })).resolves.toBeUndefined();
});
