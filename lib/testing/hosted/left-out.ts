import type { DataPlane } from './data-plane.ts';
import { isHosted } from './data-plane.ts';
import type { Place } from './template.ts';

/** Something that a template declares and that neither an engine nor this process does. */
export interface LeftOut extends Place {
  /** e.g. `AWS::IAM::Role` */
  readonly type: string;
  readonly why: string;
}

const REASONS: readonly (readonly [type: RegExp, why: string])[] = [
  [/^AWS::IAM::|::(?:Queue|Bucket|Topic)Policy$|^AWS::Lambda::Permission$/, 'permissions are not enforced here'],
  [/^AWS::Logs::/, 'what handlers log goes to the option `log`'],
  [/^AWS::KMS::/, 'nothing is encrypted here'],
  [/^AWS::CDK::Metadata$/, 'it does nothing'],
  [/^AWS::(?:Scheduler|Events)::/, 'nothing runs on a schedule or by a rule here'],
  [/^AWS::Lambda::EventInvokeConfig$/, 'nothing is invoked asynchronously here'],
  [/^AWS::Lambda::(?:Alias|Version)$/, 'the function itself is invoked in its place'],
  [/^AWS::Lambda::Function$/, 'it has no event source that is polled here, or no handler was given for it'],
  [/^AWS::Lambda::EventSourceMapping$/, 'its function is not run here, or its source is not hosted or is disabled'],
];

/**
 * Names what is not hosted, with the reason.
 *
 * @param running the functions, mappings and custom resources that this process carries out
 */
export function leftOutOf(plane: DataPlane, running: readonly Place[]): LeftOut[] {
  const done = new Set(running.map(keyOf));
  return plane
    .resources()
    .filter(({ place, resource }) => !isHosted(resource) && !done.has(keyOf(place)))
    .map(({ place, resource: { Type: type } }) => {
      const [, why] = REASONS.find(([types]) => types.test(type)) ?? [type, 'nothing here hosts it'];
      return { ...place, type, why };
    });
}

/** The resources that were left out, in a line for each type and reason, e.g. `10 × AWS::IAM::Role: permissions are not enforced here`. */
export function describeLeftOut(leftOut: readonly LeftOut[]): string[] {
  const groups = Map.groupBy(leftOut, ({ type, why }) => `${type}: ${why}`);
  return [...groups].map(([text, some]) => `${some.length} × ${text}`).sort();
}

function keyOf({ stack, logicalId }: Place): string {
  return `${stack}/${logicalId}`;
}
