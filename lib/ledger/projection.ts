import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';

/** Which attributes of a row are read. It costs the same units, and the time to read what nobody needs is saved. */
export type Projection = Pick<QueryCommandInput, 'ProjectionExpression' | 'ExpressionAttributeNames'>;

/**
 * The projection on some attributes.
 *
 * @param paths each an attribute, or one of a map: `hops.due`
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
 */
export function projectionOf(...paths: readonly string[]): Projection {
  const names = [...new Set(paths.flatMap((path) => path.split('.')))];
  return {
    ProjectionExpression: paths.map((path) => path.replaceAll(/\w+/g, '#$&')).join(', '),
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
  };
}
