import { BINDINGS } from '../contract/bindings.ts';
import { MissingBinding } from '../contract/errors.ts';
import type { SagaSettings } from '../contract/saga-settings.ts';

/** @throws MissingBinding when the function was told of no saga */
export function sagaSettingsIn(variables: Readonly<Record<string, string | undefined>>): SagaSettings {
  const text = variables[BINDINGS.saga];
  if (text) return JSON.parse(text) as SagaSettings;
  throw new MissingBinding(`The environment variable ${BINDINGS.saga} is not set: the construct Saga sets it`);
}
