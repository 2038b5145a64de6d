import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type EventDefinition, frameworkEvent } from './event.ts';
import { type SagaSettings, waiterName } from './saga-settings.ts';
import { defineStep, type StepDefinition } from './step.ts';

/** The subscriber that hears what a saga waits for. It takes events as they are: whoever published them has validated them. */
export function waiterOf(settings: SagaSettings): StepDefinition {
  const { name, businessLine } = settings;
  const step = defineStep(waiterName(name), { input: ANYTHING, output: ANYTHING, undo: 'none', businessLine });
  return { ...step, consumes: [...step.consumes, ...eventsOf(settings)] };
}

const ANYTHING: StandardSchemaV1 = {
  '~standard': { version: 1, vendor: 'waybill', validate: (value) => ({ value }) },
};

function eventsOf({ waits = [] }: SagaSettings): EventDefinition[] {
  const byType = new Map(waits.map(({ event }) => [event.type, event]));
  return [...byType.values()].map(({ type, version, businessLine, lifetime }) => {
    const event = frameworkEvent(type, { schema: ANYTHING, key: () => '-', businessLine });
    return { ...event, version, lifetime };
  });
}
