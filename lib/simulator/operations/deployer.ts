import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { createRegistrar } from '../../relay/registrar.ts';
import type { LambdaHandler } from '../../testing/lambda/index.ts';
import { resourceOf } from '../../testing/stack/routes.ts';
import type { FunctionOptions, LambdaFunction } from '../run/lambda-function.ts';
import type { World } from '../run/world.ts';

/** The name of the function that writes routes. */
export const REGISTRAR = 'registrar';

const TIMEOUT_MS = 60_000;
/** CloudFormation asks once more where it had no answer; whoever deploys does so where it failed. */
const PAUSE_MS = 5_000;
const MOST_TRIES = 20;

/** The properties by which a subscriber's routes are registered. */
export interface RouteResource {
  /** Those of an update's former deploy. */
  readonly before?: object;
}

/** The registrar as it is deployed, and what it has answered. */
export function registrarOptions(
  variables: FunctionOptions['variables'],
  hear: (request: string, status: 'SUCCESS' | 'FAILED') => void,
): FunctionOptions {
  const load = () => createRegistrar(async (_, { RequestId, Status }) => hear(RequestId, Status)) as LambdaHandler;
  return { name: REGISTRAR, timeout: TIMEOUT_MS, variables, load };
}

/** Has the registrar write and end routes, as CloudFormation does when a subscriber's stack is deployed, updated or deleted. */
export class Deployer {
  readonly #world: World;
  readonly #registrar: LambdaFunction;
  readonly #answers: ReadonlyMap<string, 'SUCCESS' | 'FAILED'>;
  #requests = 0;

  constructor(world: World, registrar: LambdaFunction, answers: ReadonlyMap<string, 'SUCCESS' | 'FAILED'>) {
    this.#world = world;
    this.#registrar = registrar;
    this.#answers = answers;
  }

  /** Carries one request out, however often it takes, and then goes on. */
  request(
    type: 'Create' | 'Update' | 'Delete',
    subscriber: string,
    { before, ...properties }: RouteResource,
    then: () => void,
  ): void {
    const { schedule, record } = this.#world;
    const began = schedule.now();
    this.#requests += 1;
    const RequestId = `deploy-${this.#requests}`;
    const event = {
      RequestType: type,
      RequestId,
      ResponseURL: 'https://cloudformation.invalid',
      ServiceToken: REGISTRAR,
      ResourceType: 'Custom::WaybillRoutes',
      ...resourceOf(subscriber),
      ...(type !== 'Create' && { PhysicalResourceId: `${subscriber}@${resourceOf(subscriber).LogicalResourceId}` }),
      ResourceProperties: { ServiceToken: REGISTRAR, ...properties },
      ...(type === 'Update' && { OldResourceProperties: { ServiceToken: REGISTRAR, ...before } }),
    } as unknown as CloudFormationCustomResourceEvent;
    // Whatever waits for a deploy keeps the run going.
    this.#world.pending += 1;
    const attempt = (tries: number): void => {
      const again = () => {
        if (this.#answers.get(RequestId) === 'SUCCESS' || tries >= MOST_TRIES) {
          this.#world.pending -= 1;
          record.add({ kind: 'deployed', subscriber, action: type === 'Delete' ? 'removed' : 'added', began });
          then();
        } else schedule.after(PAUSE_MS, () => attempt(tries + 1));
      };
      this.#registrar.invoke(event).then(again, again);
    };
    attempt(1);
  }
}
