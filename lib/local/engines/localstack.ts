import type { IndependentEngine } from './independent-engine.ts';
import { LOCALSTACK_PACKAGES, LOCALSTACK_VERSION } from './localstack-packages.ts';
import { fetchPythonPackages, findPython } from './python-packages.ts';

/** LocalStack's core, Apache-2.0, from PyPI: the last release that asks for no licence. Without Docker it has no Lambda. */
export const LOCALSTACK: IndependentEngine = {
  name: 'localstack',
  title: 'LocalStack',
  version: LOCALSTACK_VERSION,
  async prepare(place) {
    const python = await findPython('3.13', 'LocalStack', place.environment);
    const program = await fetchPythonPackages(python, LOCALSTACK_PACKAGES, 'localstack.runtime.main', place);
    return {
      program,
      parameters: ['-m', 'localstack.runtime.main'],
      environment: {
        GATEWAY_LISTEN: `127.0.0.1:${place.port}`,
        LOCALSTACK_HOST: `127.0.0.1:${place.port}`,
        DISABLE_EVENTS: '1',
        SKIP_SSL_CERT_DOWNLOAD: '1',
        DNS_ADDRESS: '0',
        FILESYSTEM_ROOT: place.runFolder,
      },
      readyPath: '/_localstack/health',
    };
  },
};
