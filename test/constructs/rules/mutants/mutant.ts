import { Aspects, CfnResource } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { hatch, type Shop, type ShopOptions } from '../proved-shop.ts';

/** A shop with one thing wrong. */
export interface Mutant {
  /** The only rule that refuses it. */
  readonly rule: string;
  readonly name: string;
  readonly options?: ShopOptions;
  readonly mutate?: (shop: Shop) => void;
}

/** What teams do by an Aspect: change every resource of a type. */
export function everywhere({ app }: Shop, type: string, change: (resource: CfnResource) => void): void {
  const visit = (node: IConstruct): void => {
    if (CfnResource.isCfnResource(node) && node.cfnResourceType === type) change(node);
  };
  Aspects.of(app).add({ visit });
}

export function override(construct: IConstruct, property: string, value: unknown): void {
  hatch(construct).addPropertyOverride(property, value);
}

export function drop(construct: IConstruct, property: string): void {
  hatch(construct).addPropertyDeletionOverride(property);
}
