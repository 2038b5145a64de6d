import { tableBinding } from 'waybill';
import { TABLES } from '../../demo/deployment.ts';

export const STACK_NAME = 'PlainCommerce';

/** The steps on queues, in turn. Each consumes its own queue. */
export const QUEUE_STEPS = ['take-payment', 'reserve-stock', 'note-shipping'] as const;
export type QueueStep = (typeof QUEUE_STEPS)[number];
/** The step on the stream. */
export const STREAM_STEP = 'count-sales';
export const STEPS = [...QUEUE_STEPS, STREAM_STEP] as const;
export type Step = (typeof STEPS)[number];

/** The variable that holds the URL of a step's queue. */
export function queueVariable(step: QueueStep): string {
  return `QUEUE_${step.replaceAll('-', '_').toUpperCase()}`;
}

export const STREAM_VARIABLE = 'STREAM';

/** Every variable of the deployed chain, by which its functions and its producer find everything. */
export const VARIABLES: readonly string[] = [
  ...Object.values(TABLES).map(({ name }) => tableBinding(name)),
  ...QUEUE_STEPS.map(queueVariable),
  STREAM_VARIABLE,
];

/** What the stack's outputs are called: letters and digits only. */
export const OUTPUTS = {
  variable: (name: string) => name.replaceAll('_', ''),
  logs: (step: Step) => `${step.replaceAll('-', '')}Logs`,
};

/** Where everything of the deployed chain is. */
export interface Deployment {
  readonly variables: Readonly<Record<string, string>>;
  readonly logGroups: readonly string[];
}

/** Reads the outputs of the deployed stack. */
export function deploymentOf(outputs: Readonly<Record<string, string>>): Deployment {
  const output = (name: string): string => {
    const value = outputs[name];
    if (!value) throw new Error(`The stack ${STACK_NAME} has no output ${name}`);
    return value;
  };
  return {
    variables: Object.fromEntries(VARIABLES.map((name) => [name, output(OUTPUTS.variable(name))])),
    logGroups: STEPS.map((step) => output(OUTPUTS.logs(step))),
  };
}
