import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidDefinition, InvalidPayload } from './errors.ts';

/**
 * Validates synchronously by any Standard Schema and returns the schema's output.
 *
 * @param what names the value in the error, e.g. `order.placed`
 * @throws InvalidPayload naming each offending field, without the values
 * @throws InvalidDefinition when the schema validates asynchronously
 * @see https://standardschema.dev
 */
export function validate<Output>(schema: StandardSchemaV1<unknown, Output>, value: unknown, what: string): Output {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    throw new InvalidDefinition(`The schema of '${what}' validates asynchronously: give one that is synchronous`);
  }
  if (result.issues) throw new InvalidPayload(`'${what}' is invalid: ${result.issues.map(describeIssue).join('; ')}`);
  return result.value;
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? [])
    .map((segment) => String(typeof segment === 'object' ? segment.key : segment))
    .join('.');
  return path ? `${path}: ${issue.message}` : issue.message;
}
