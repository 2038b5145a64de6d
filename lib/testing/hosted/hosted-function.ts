import { createRecorder } from '../../consume/recorder.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import { workOn } from '../../redrive/redriver.ts';
import { createForwarder } from '../../relay/forwarder.ts';
import { createRelay } from '../../relay/relay.ts';
import type { LambdaHandler } from '../lambda/index.ts';
import type { DataPlane } from './data-plane.ts';
import type { DeclaredMapping } from './hosted-mapping.ts';
import type { Place } from './template.ts';

/** A Lambda function of a template, as it would be deployed. */
export interface HostedFunction {
  readonly place: Place;
  /** The names that templates have for it: its own and its ARN. */
  readonly names: readonly string[];
  /** Its environment variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Told by its bindings: what it does for the ledger, if anything. */
  readonly role: 'consumer' | 'recorder' | 'relay or other';
}

interface FunctionProperties {
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
  readonly Timeout?: number | string;
}

const DEFAULT_TIMEOUT_SECONDS = 3;

/** All Lambda functions of the templates. */
export async function functionsOf(plane: DataPlane): Promise<readonly HostedFunction[]> {
  const functions = plane.resources().filter(({ resource }) => resource.Type === 'AWS::Lambda::Function');
  return Promise.all(
    functions.map(async ({ place, resource }) => {
      const { Environment, Timeout } = (resource.Properties ?? {}) as FunctionProperties;
      const given = (await plane.resolve(place.stack, Environment?.Variables ?? {})) as Record<string, unknown>;
      const variables = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
      const role = !variables[BINDINGS.subscriber]
        ? 'relay or other'
        : variables[BINDINGS.queueUrl]
          ? 'consumer'
          : 'recorder';
      const { stack, logicalId } = place;
      const names = await plane.resolve(stack, [{ Ref: logicalId }, { 'Fn::GetAtt': [logicalId, 'Arn'] }]);
      const timeout = Number(Timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
      return { place, names: names as readonly string[], variables, role, timeout };
    }),
  );
}

/** By which a handler is given: the subscriber's name of a consumer, else the logical id. */
export function nameOfFunction({ place, role, variables }: HostedFunction): string {
  return (role === 'consumer' && variables[BINDINGS.subscriber]) || place.logicalId;
}

/**
 * The handler of a function: one that was given for it, or the framework's own.
 *
 * @param sources what invokes it
 */
export function handlerOf(
  hosted: HostedFunction,
  handlers: Readonly<Record<string, LambdaHandler>>,
  sources: readonly Pick<DeclaredMapping, 'service' | 'properties'>[],
): LambdaHandler | undefined {
  const { place, role, variables } = hosted;
  const given = handlers[nameOfFunction(hosted)] ?? handlers[place.logicalId];
  if (given) return given;
  if (role === 'recorder') return createRecorder() as LambdaHandler;
  if (role === 'consumer' || variables[BINDINGS.ledger] === undefined) return undefined;
  if (sources.some(({ service }) => service === 'dynamodb')) return createRelay() as LambdaHandler;
  const forwardQueue = variables[BINDINGS.forwardQueueUrl]?.split('/').at(-1);
  const forwards = sources.some(({ properties }) => properties.EventSourceArn.split(':').at(-1) === forwardQueue);
  return forwards ? (createForwarder({ redrive: workOn }) as LambdaHandler) : undefined;
}
