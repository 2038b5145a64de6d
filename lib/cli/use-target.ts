import { environmentFor, type Target } from '../local/index.ts';

/** Points the AWS clients of this process at the target. */
export function useTarget(target: Target): void {
  const environment = environmentFor(target);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
}
