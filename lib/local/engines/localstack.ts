import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { answers } from '../health.ts';
import { findPythonOf } from '../python.ts';
import type { EnginePlace, EngineProgram } from './engine-program.ts';
import { LOCALSTACK_PACKAGES, LOCALSTACK_VERSION } from './localstack-packages.ts';
import { writeLoopbackModule } from './loopback.ts';
import { fetchPackage } from './npm.ts';
import { installPythonPackages } from './python-packages.ts';

/** LocalStack's core, Apache-2.0, from PyPI: the last release that asks for no licence. Without Docker it has no Lambda. */
export const LOCALSTACK: EngineProgram = {
  name: 'localstack',
  title: 'LocalStack',
  version: LOCALSTACK_VERSION,
  answers: (endpoint) => answers(`${endpoint}/_localstack/health`),
  async prepare(place) {
    const python = await findPythonOf('3.13', 'LocalStack', place.environment);
    const packages = { what: `localstack-core==${LOCALSTACK_VERSION}`, packages: LOCALSTACK_PACKAGES, complete: true };
    const program = await installPythonPackages(python, { ...packages, module: 'localstack' }, place);
    await placeKinesis(place);
    const file = join(place.runFolder, 'on_loopback.py');
    writeFileSync(file, loopback);
    return {
      program,
      parameters: [file, writeLoopbackModule(place.runFolder)],
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
      },
    };
  },
};

/**
 * LocalStack itself listens on every interface, whatever GATEWAY_LISTEN says, and so does the Node of its Kinesis. Only that
 * Node ends with its parent: the variable is set here, where no other program sees it.
 */
const loopback = `
import json, os, runpy, sys
from twisted.internet import endpoints

os.environ['NODE_OPTIONS'] = '--require ' + json.dumps(sys.argv.pop())
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
  await fetchPackage('kinesis-local', kinesisVersion, { ...place, installFolder });
  const expected = join(place.runFolder, 'var/lib/localstack/lib/kinesis-local', kinesisVersion);
  mkdirSync(dirname(expected), { recursive: true });
  symlinkSync(installFolder, expected, process.platform === 'win32' ? 'junction' : 'dir');
}
