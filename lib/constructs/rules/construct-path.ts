import type { IConstruct } from 'constructs';

/** The path of a construct as its author knows it: of the L2, where it is the L1 below one. */
export function pathOf({ node }: IConstruct): string {
  const inner = (node.id === 'Resource' || node.id === 'Default') && node.scope;
  return inner ? inner.node.path : node.path;
}
