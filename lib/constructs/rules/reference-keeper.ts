import {
  DefaultTokenResolver,
  type IFragmentConcatenator,
  type IPostProcessor,
  type IResolvable,
  type IResolveContext,
  Reference,
} from 'aws-cdk-lib';

/**
 * Resolves tokens to what a template would hold, except that a reference still says which construct it is to. In a
 * template it would be a `Ref`, an `Fn::ImportValue` or a nested stack's parameter, depending on where the two live.
 */
export class ReferenceKeeper extends DefaultTokenResolver {
  constructor() {
    super(JOIN);
  }

  override resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    if (!Reference.isReference(token) || token.displayName.startsWith('AWS::')) {
      return super.resolveToken(token, context, postProcessor);
    }
    return { Ref: KEPT + token.target.node.addr };
  }
}

/** The addresses (`node.addr`) of the constructs that a resolved value refers to, wherever in it. */
export function referredIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Ref' in value && typeof value.Ref === 'string' && value.Ref.startsWith(KEPT))
    return [value.Ref.slice(KEPT.length)];
  return Object.values(value).flatMap(referredIn);
}

/** The literal text of a resolved value, in which each reference is a `?`. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('Fn::Join' in value)) return '?';
  const [delimiter, parts] = value['Fn::Join'] as [string, unknown];
  return Array.isArray(parts) ? parts.map(textOf).join(delimiter) : '?';
}

/** The reference is a `Ref` because CDK merges and checks the properties that hold it. No logical id has a colon. */
const KEPT = 'waybill:';

const JOIN: IFragmentConcatenator = {
  join(left: unknown, right: unknown): unknown {
    if (left === undefined) return right;
    if (right === undefined) return left;
    if (typeof left === 'string' && typeof right === 'string') return left + right;
    return { 'Fn::Join': ['', [left, right]] };
  },
};
