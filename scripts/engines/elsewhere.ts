import { EndpointSilent } from '../../lib/local/errors.ts';
import { answers } from '../../lib/local/health.ts';
import { FEATURES, type Feature } from '../../test/conformance/case.ts';
import { DUMMY_CREDENTIALS } from '../../test/conformance/clients.ts';
import type { AskedEngine } from '../../test/conformance/engines.ts';
import { ServiceMissing } from '../../test/conformance/errors.ts';
import { silentFeatures } from '../../test/conformance/probe.ts';
import { sdkTarget } from '../../test/conformance/targets.ts';
import type { Elsewhere } from './options.ts';

/** What needs a role that these may take. */
const NEED_ROLE: readonly Feature[] = ['lambda', 'step-functions', 'scheduler'];

/**
 * Somebody else's engine, or the real AWS, with the features for which it answers.
 * @throws {EndpointSilent | ServiceMissing} when it answers for none
 */
export async function findElsewhere(place: Elsewhere, environment: NodeJS.ProcessEnv): Promise<AskedEngine> {
  const { endpoint, region, role } = place;
  if (endpoint !== undefined && !(await answers(endpoint))) {
    throw new EndpointSilent(`Nothing answers at ${endpoint}: start that engine, or give another --endpoint.`);
  }
  const hasCredentials = environment.AWS_ACCESS_KEY_ID || environment.AWS_PROFILE;
  const credentials = endpoint !== undefined && !hasCredentials ? { credentials: DUMMY_CREDENTIALS } : {};
  const destination = { endpoint, region, ...credentials };
  const probing = sdkTarget(destination, new Set(FEATURES));
  const silent = await silentFeatures(probing.aws);
  probing.close();
  const title = endpoint ?? 'AWS';
  const features = new Set(
    FEATURES.filter((one) => !silent.has(one) && (endpoint !== undefined || role || !NEED_ROLE.includes(one))),
  );
  if (features.size === 0) {
    const [reason = 'no reason given'] = silent.values();
    throw new ServiceMissing(`${title} in ${region} answers for no service of the suite: ${reason}.`);
  }
  return {
    name: endpoint === undefined ? 'aws' : 'endpoint',
    title,
    version: region,
    features,
    start: async () => {
      const target = sdkTarget(destination, features, role);
      return { target, close: async () => target.close() };
    },
  };
}
