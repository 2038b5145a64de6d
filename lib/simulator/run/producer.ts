import type { Context } from 'aws-lambda';
import { ENVIRONMENT, type Environment } from '../../aws/environment.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import { durationToMilliseconds } from '../../contract/duration.ts';
import { acknowledgedBy } from '../checks/acknowledged.ts';
import { PRODUCER } from '../faults/site.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { describedStep, type System } from '../system.ts';
import type { FunctionOptions, LambdaFunction } from './lambda-function.ts';
import type { World } from './world.ts';

// As `lib/constructs` deploys it.
const TIMEOUT_MS = 90_000;

/** What a producer is asked for: a step of the workload, or what comes of it later. */
interface Asked {
  readonly step: number;
  readonly later?: { readonly answer: unknown };
}

/** What a producer answers, and by which invocation. */
interface Answered {
  readonly answer: unknown;
  readonly request: string;
}

/** The function that runs the steps of a system's workload. */
export function producerOptions({ workload }: System, variables: Environment['variables']): FunctionOptions {
  const handler = async (event: Asked, context: Context & { readonly [ENVIRONMENT]: Environment }) => {
    const { step, later } = event;
    const { awsRequestId: request, [ENVIRONMENT]: environment } = context;
    const asked = workload[step];
    if (!asked) return { answer: undefined, request } satisfies Answered;
    const described = describedStep(asked);
    const answer = later
      ? await described.later?.run({ environment, answer: later.answer })
      : await described.run({ environment });
    return { answer, request } satisfies Answered;
  };
  return {
    name: PRODUCER,
    timeout: TIMEOUT_MS,
    variables: { ...variables, [BINDINGS.producer]: PRODUCER },
    load: () => handler,
  };
}

/**
 * Schedules what producers are asked for.
 *
 * @returns after how many milliseconds they are asked for the last time
 */
export function scheduleWorkload(
  { workload }: System,
  world: World,
  producer: LambdaFunction,
  planned: readonly PlannedStep[],
): number {
  let last = 0;
  for (const { step, at } of planned) {
    const { later, trait } = describedStep(workload[step] ?? (() => undefined));
    const after = later ? at + durationToMilliseconds(later.after) : at;
    last = Math.max(last, after);
    let answer: unknown;
    const hear = (given: unknown) => {
      answer = given;
    };
    world.schedule.after(at, () => ask(world, producer, { step }, trait, hear));
    if (!later) continue;
    world.schedule.after(after, () => {
      if (answer !== undefined) ask(world, producer, { step, later: { answer } }, trait, hear);
    });
  }
  return last;
}

/** Has producers asked for a step now. */
export function askFor({ workload }: System, world: World, producer: LambdaFunction, step: number): void {
  const { trait } = describedStep(workload[step] ?? (() => undefined));
  ask(world, producer, { step }, trait, () => undefined);
}

/** Producers are asked for a step: once, or by everybody at once. */
function ask(
  { faults, record }: World,
  producer: LambdaFunction,
  asked: Asked,
  trait: string | undefined,
  hear: (answer: unknown) => void,
): void {
  const fault = faults.reach(`${PRODUCER}.ask`);
  if (trait) faults.meet(trait);
  for (let left = fault?.kind === 'burst' ? fault.times : 1; left > 0; left--) {
    producer.invoke(asked).then(
      (answered) => {
        const { answer, request } = answered as Answered;
        const invocation = Number(request.slice(request.lastIndexOf('-') + 1));
        hear(answer);
        // What a producer is told of is recorded, so that nothing of it may be missing.
        record.add({ kind: 'acknowledged', invocation, ...acknowledgedBy(answer) });
      },
      () => undefined,
    );
  }
}
