import type { StackOutputs } from './deploy.ts';
import type { Target } from './target.ts';

const FUNCTION_URL = /^https:\/\/([a-z0-9-]+)\.lambda-url\.[a-z0-9-]+\.on\.aws(\/.*)?$/;

/** Outputs with function URLs that open: an engine answers to them at its own address, by their ids. */
export function openable(outputs: StackOutputs, { endpoint }: Pick<Target, 'endpoint'>): StackOutputs {
  if (endpoint === undefined) return outputs;
  const opened = (value: string) =>
    value.replace(FUNCTION_URL, (_, id: string, path = '/') => `${endpoint}/_aws/lambda-url/${id}${path}`);
  return Object.fromEntries(
    Object.entries(outputs).map(([stack, values]) => [
      stack,
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, opened(value)])),
    ]),
  );
}
