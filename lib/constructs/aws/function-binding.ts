import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { InvalidConstruct } from '../invalid-construct.ts';

const bound = new WeakMap<lambda.Function, Map<string, unknown>>();

/**
 * Gives a function an environment variable that tells it where something is. Giving the same again changes nothing.
 *
 * @param owner what the variable points to: a ledger, a table or a plain value
 * @throws InvalidConstruct when the variable points to something else already, since the last one would win silently
 */
export function bindVariable(handler: lambda.Function, variable: string, value: string, owner: unknown = value): void {
  const variables = bound.get(handler) ?? new Map<string, unknown>();
  bound.set(handler, variables);
  if (variables.has(variable) && variables.get(variable) !== owner) {
    throw new InvalidConstruct(
      handler,
      `${variable} of this function is bound to something else already: give each its own function`,
    );
  }
  variables.set(variable, owner);
  handler.addEnvironment(variable, value);
}
