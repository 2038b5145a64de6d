import type * as lambda from 'aws-cdk-lib/aws-lambda';

/** A function of this app, or what stands for it. */
export type QualifiedFunction = lambda.Function | lambda.Alias | lambda.Version;

/** The function itself. An alias and a version have no environment or permissions of their own: they are the function's. */
export function functionOf(given: QualifiedFunction): lambda.Function {
  const { lambda: behind } = (given ?? {}) as Partial<lambda.Alias>;
  return (behind ?? given) as lambda.Function;
}
