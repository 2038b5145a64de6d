import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EnginePlace, IndependentEngine } from './independent-engine.ts';
import { LOCALSTACK_PACKAGES, LOCALSTACK_VERSION } from './localstack-packages.ts';
import { writeLoopbackModule } from './loopback.ts';
import { fetchPackage } from './npm.ts';
import { fetchPythonPackages, findPython } from './python-packages.ts';

/** LocalStack's core, Apache-2.0, from PyPI: the last release that asks for no licence. Without Docker it has no Lambda. */
export const LOCALSTACK: IndependentEngine = {
  name: 'localstack',
  title: 'LocalStack',
  version: LOCALSTACK_VERSION,
  async prepare(place) {
    const python = await findPython('3.13', 'LocalStack', place.environment);
    const program = await fetchPythonPackages(python, LOCALSTACK_PACKAGES, 'localstack.runtime.main', place);
    await placeKinesis(place);
    const file = join(place.runFolder, 'on_loopback.py');
    writeFileSync(file, loopback);
    return {
      program,
      parameters: [file],
      environment: {
        GATEWAY_LISTEN: `127.0.0.1:${place.port}`,
        LOCALSTACK_HOST: `127.0.0.1:${place.port}`,
        // Queue URLs that begin with a host name of their own would lead nowhere.
        SQS_ENDPOINT_STRATEGY: 'path',
        DISABLE_EVENTS: '1',
        SKIP_SSL_CERT_DOWNLOAD: '1',
        DNS_ADDRESS: '0',
        // Where this itself runs in a container, it would take that for its own and write to /var/lib/localstack.
        OVERRIDE_IN_DOCKER: '0',
        FILESYSTEM_ROOT: place.runFolder,
        KINESIS_MOCK_VERSION: kinesisVersion,
        NODE_OPTIONS: `--require ${JSON.stringify(writeLoopbackModule(place.runFolder))}`,
      },
      readyPath: '/_localstack/health',
    };
  },
};

/** It would listen on every interface, whatever GATEWAY_LISTEN says. */
const loopback = `
import runpy
from twisted.internet import endpoints

listen = endpoints.TCP4ServerEndpoint.__init__

def listen_on_loopback(self, reactor, port, backlog=50, interface=''):
    listen(self, reactor, port, backlog, '127.0.0.1')

endpoints.TCP4ServerEndpoint.__init__ = listen_on_loopback
runpy.run_module('localstack.runtime.main', run_name='__main__', alter_sys=True)
`;

/** The one that this version of LocalStack asks for. */
const kinesisVersion = '0.5.2';

/** LocalStack's Kinesis is kinesis-local, which it would fetch itself, in the middle of its first request. */
async function placeKinesis(place: EnginePlace): Promise<void> {
  const installFolder = join(place.installFolder, `kinesis-local-${kinesisVersion}`);
  mkdirSync(installFolder, { recursive: true });
  await fetchPackage('kinesis-local', kinesisVersion, { ...place, installFolder });
  const expected = join(place.runFolder, 'var/lib/localstack/lib/kinesis-local', kinesisVersion);
  mkdirSync(dirname(expected), { recursive: true });
  symlinkSync(installFolder, expected, process.platform === 'win32' ? 'junction' : 'dir');
}
