import { InvalidDefinition } from './errors.ts';
import type { EventDefinition } from './event.ts';
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts';
import { type SagaDefinition, stepsIn, waitsIn } from './saga-shape.ts';
import { type SchemaChange, schemaChanges } from './schema-change.ts';
import { commandType, type StepDefinition } from './step.ts';

/** What of a contract is committed, to be compared with: by event type and version, e.g. `order.placed@1`. */
export interface ContractSnapshot {
  readonly [event: string]: {
    /** Milliseconds. */
    readonly lifetime: number;
    /** The schema of the payload on the wire. */
    readonly schema: JsonSchema;
  };
}

/** A change of a contract since its snapshot. */
export interface ContractChange extends SchemaChange {
  /** The event type and version, e.g. `order.placed@1`. */
  readonly event: string;
}

/**
 * The snapshot of all events that a module exports: by themselves, in lists, in subscribers, or as what one upgrades from.
 *
 * @throws InvalidDefinition when there is none, when two of one version differ, or when a schema cannot be told
 */
export function snapshotOf(module: Readonly<Record<string, unknown>>): ContractSnapshot {
  const snapshot: Record<string, ContractSnapshot[string]> = {};
  for (const { type, version, lifetime, schema } of eventsIn(Object.values(module))) {
    const event = `${type}@${version}`;
    const wire = jsonSchemaOf(schema, 'input');
    if (!wire) {
      throw new InvalidDefinition(
        `The schema of '${type}' tells no JSON Schema: use zod 4 or arktype 2.1, or install @valibot/to-json-schema`,
      );
    }
    const known = snapshot[event];
    if (known && JSON.stringify(known.schema) !== JSON.stringify(wire)) {
      throw new InvalidDefinition(`'${type}' version ${version} is defined twice, with schemas that differ`);
    }
    snapshot[event] = { lifetime, schema: wire };
  }
  const events = Object.keys(snapshot).sort();
  if (events.length > 0) return Object.fromEntries(events.map((event) => [event, snapshot[event]])) as ContractSnapshot;
  throw new InvalidDefinition('The module exports no event: give the one that calls `defineEvent`');
}

/** What has changed since the snapshot, the breaking changes first. */
export function contractChanges(before: ContractSnapshot, after: ContractSnapshot): ContractChange[] {
  const changes = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .flatMap((event): ContractChange[] => {
      const [old, now] = [before[event], after[event]];
      if (!old) return [{ event, kind: 'additive', path: '', what: 'the event is new' }];
      if (!now)
        return [{ event, kind: 'breaking', path: '', what: 'the event is gone, and messages of it may be under way' }];
      const lifetime: SchemaChange[] =
        now.lifetime === old.lifetime
          ? []
          : [{ kind: 'breaking', path: '', what: `its lifetime was ${old.lifetime} ms and is ${now.lifetime} ms` }];
      return [...schemaChanges(old.schema, now.schema), ...lifetime].map((change) => ({ event, ...change }));
    });
  return [...changes.filter(({ kind }) => kind === 'breaking'), ...changes.filter(({ kind }) => kind === 'additive')];
}

/** What a step answers is a contract too: executions that run select from it as their machines were compiled. */
function* answersIn({ name, output, consumes, version }: Partial<StepDefinition>): Iterable<EventDefinition> {
  const [run] = consumes ?? [];
  if (output && run && version) yield { ...run, type: `${commandType(String(name), 'run')}.answer`, schema: output };
}

function* eventsIn(values: readonly unknown[], seen = new Set<unknown>()): Iterable<EventDefinition> {
  for (const value of values) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    const { type, version, schema, key, consumes, publishes, upgrade } = value as Partial<Record<string, unknown>>;
    if (Array.isArray(value)) yield* eventsIn(value, seen);
    if (typeof type === 'string' && typeof version === 'number' && typeof key === 'function' && schema) {
      yield value as EventDefinition;
      yield* eventsIn([(upgrade as EventDefinition['upgrade'])?.from], seen);
    }
    yield* eventsIn([consumes, publishes], seen);
    yield* answersIn(value as Partial<StepDefinition>);
    const { stages = [], completed, compensated } = (value as Partial<SagaDefinition>).saga ?? {};
    const told = [...waitsIn(stages), completed, compensated].map((one) => one?.event);
    yield* eventsIn([...stepsIn(stages).map(({ step }) => step), ...told], seen);
  }
}
