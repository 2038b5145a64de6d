import { CfnResource, type Stack, Stage, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ReferenceKeeper, referredIn, textOf } from './reference-keeper.ts';

/** A resource as its template will have it: escape hatches and Aspects included. */
export interface EmittedResource {
  readonly construct: CfnResource;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy?: unknown;
  readonly updateReplacePolicy?: unknown;
}

/**
 * The resources that all stacks of a stage (or of an app without stages) emit, to be read once nothing changes any
 * more.
 */
export class Emitted {
  readonly #byType = new Map<string, CfnResource[]>();
  readonly #read = new Map<CfnResource, EmittedResource | undefined>();

  constructor(stage: IConstruct) {
    for (const construct of stage.node.findAll()) {
      // A stage within is synthesized, and proved, by itself. No reference crosses its border.
      if (!CfnResource.isCfnResource(construct) || Stage.of(construct) !== stage) continue;
      const ofType = this.#byType.get(construct.cfnResourceType);
      if (ofType) ofType.push(construct);
      else this.#byType.set(construct.cfnResourceType, [construct]);
    }
  }

  /** All resources of some CloudFormation types, e.g. `AWS::SQS::Queue`. */
  ofType(...types: readonly string[]): EmittedResource[] {
    return types.flatMap((type) => this.#byType.get(type) ?? []).flatMap((construct) => this.of(construct) ?? []);
  }

  /** How many resources each stack emits. */
  byStack(): ReadonlyMap<Stack, number> {
    const resources = new Map<Stack, number>();
    for (const { stack } of [...this.#byType.values()].flat()) resources.set(stack, (resources.get(stack) ?? 0) + 1);
    return resources;
  }

  /** The resource that a construct emits: itself, or the one that its L2 stands for. Nothing for what is imported. */
  of(construct: IConstruct): EmittedResource | undefined {
    const resource = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild;
    if (!CfnResource.isCfnResource(resource)) return undefined;
    // What was removed from the tree is not emitted.
    if (!this.#byType.get(resource.cfnResourceType)?.includes(resource)) return undefined;
    if (!this.#read.has(resource)) this.#read.set(resource, readResource(resource));
    return this.#read.get(resource);
  }

  /**
   * The resource of one of the types that the value of another's property names: by reference, in whichever stack it
   * is, by its logical id, or by an ARN or URL that ends in its physical name. `undefined` for what no stack here has.
   */
  named(by: EmittedResource, value: unknown, ...types: readonly string[]): EmittedResource | undefined {
    const candidates = this.ofType(...types);
    const targets = new Set(referredIn(value));
    const byReference = candidates.find(({ construct }) => targets.has(construct.node.addr));
    if (byReference) return byReference;
    const logicalId = logicalIdIn(value);
    if (logicalId !== undefined) {
      const beside = candidates.filter(({ construct }) => construct.stack === by.construct.stack);
      return beside.find(({ construct }) => resolvedId(construct) === logicalId);
    }
    const name = textOf(value)
      .split(/[:/]/)
      .findLast((part) => part !== '');
    return candidates.find((candidate) => name !== undefined && physicalName(candidate) === name);
  }
}

/** A number of seconds, hours or pieces; `undefined` where only the deployment will tell. */
export function numberIn(value: unknown, otherwise: number): number | undefined {
  if (value === undefined || value === null) return otherwise;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** The value of a resource's tag, where it has one of the key. */
export function tagIn({ properties }: EmittedResource, key: string): unknown {
  const tags = Array.isArray(properties.Tags)
    ? (properties.Tags as { readonly Key?: unknown; readonly Value?: unknown }[])
    : [];
  return tags.find(({ Key }) => Key === key)?.Value;
}

function readResource(construct: CfnResource): EmittedResource | undefined {
  // CDK's own output: typed properties do not add up to the template where something is overridden.
  const fragment = Tokenization.resolve(construct._toCloudFormation(), {
    scope: construct,
    resolver: new ReferenceKeeper(),
  }) as Fragment;
  const emitted = Object.values(fragment.Resources ?? {})[0];
  if (!emitted) return undefined;
  return {
    construct,
    type: emitted.Type,
    properties: emitted.Properties ?? {},
    deletionPolicy: emitted.DeletionPolicy,
    updateReplacePolicy: emitted.UpdateReplacePolicy,
  };
}

interface Fragment {
  readonly Resources?: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: Readonly<Record<string, unknown>>;
        readonly DeletionPolicy?: unknown;
        readonly UpdateReplacePolicy?: unknown;
      }
    >
  >;
}

/** The logical id in an intrinsic function that somebody wrote out. */
function logicalIdIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('Ref' in value && typeof value.Ref === 'string') return value.Ref;
  if (!('Fn::GetAtt' in value)) return undefined;
  const attribute = value['Fn::GetAtt'];
  const id = Array.isArray(attribute) ? attribute[0] : String(attribute).split('.')[0];
  return typeof id === 'string' ? id : undefined;
}

function resolvedId(construct: CfnResource): unknown {
  return construct.stack.resolve(construct.logicalId);
}

/** The properties in which CloudFormation takes the name of what is named here by an ARN or a URL. */
const NAMES = ['QueueName', 'FunctionName', 'TableName', 'Name'] as const;

function physicalName({ properties }: EmittedResource): unknown {
  return NAMES.map((name) => properties[name]).find((name) => typeof name === 'string');
}

/** The path of a construct as its author knows it: of the L2, where it is the L1 below one. */
export function pathOf({ node }: IConstruct): string {
  const inner = (node.id === 'Resource' || node.id === 'Default') && node.scope;
  return inner ? inner.node.path : node.path;
}
