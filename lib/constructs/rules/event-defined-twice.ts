import type { IConstruct } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import { jsonSchemaOf } from '../../contract/json-schema.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import type { DeploymentGraph } from './deployment-graph.ts';
import type { Rule } from './rule.ts';

export const eventDefinedTwice: Rule = {
  id: 'event-defined-twice',
  refuses: 'two definitions of one version of an event type whose schemas differ',
  because:
    'What is published by one of them is validated by the other: messages would be dead-lettered, or handled as ' +
    'something else than what was sent.',
  source: 'docs/decisions/contract.md',
  mend: 'Import one definition everywhere, or give the changed one a new `version`.',
  unknown: 'the schemas of a library that tells no JSON Schema, where they are two objects',

  *check({ graph }) {
    const first = new Map<ILedger, Map<string, EventDefinition>>();
    const said = new Set<string>();
    for (const { ledger, at, event } of definitions(graph)) {
      const known = first.get(ledger) ?? new Map<string, EventDefinition>();
      first.set(ledger, known);
      const name = `'${event.type}' version ${event.version}`;
      const other = known.get(name) ?? event;
      known.set(name, other);
      if (other.schema === event.schema || said.has(name)) continue;
      const differ = schemasDiffer(other, event);
      if (differ === false) continue;
      said.add(name);
      if (differ) yield { at, found: `${name} has another schema here than elsewhere in this app` };
      else yield { at, found: `${name} has two definitions, whose schemas cannot be compared`, unknown: 'warn' };
    }
  },
};

interface Definition {
  readonly ledger: ILedger;
  readonly at: IConstruct;
  readonly event: EventDefinition;
}

function* definitions({ channels, subscribers, producers }: DeploymentGraph): Iterable<Definition> {
  for (const at of channels) yield* each(at.ledger, at, at.events);
  for (const { construct, channel, definition } of subscribers) {
    yield* each(channel.ledger, construct, channel.events);
    yield* each(channel.ledger, construct, [...definition.consumes, ...definition.publishes]);
  }
  for (const { ledger, producer, publishes } of producers) yield* each(ledger, producer, publishes);
}

/** Each event, and the older versions that it upgrades from. */
function* each(ledger: ILedger, at: IConstruct, events: readonly EventDefinition[]): Iterable<Definition> {
  for (const newest of events) {
    for (let event: EventDefinition | undefined = newest; event; event = event.upgrade?.from)
      yield { ledger, at, event };
  }
}

/** Whether two schemas differ; `undefined` where nothing tells. */
function schemasDiffer(one: EventDefinition, other: EventDefinition): boolean | undefined {
  const texts = [one, other].map(({ schema }) => {
    const sides = (['input', 'output'] as const).map((side) => jsonSchemaOf(schema, side));
    return sides.includes(undefined) ? undefined : JSON.stringify(sides);
  });
  return texts.includes(undefined) ? undefined : texts[0] !== texts[1];
}
