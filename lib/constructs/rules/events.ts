import type { IConstruct } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import { quoted } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { pathOf } from './emitted.ts';
import type { Pipeline, Rule } from './rule.ts';

export const eventWithoutChannel: Rule = {
  id: 'event-without-channel',
  refuses: 'a subscriber or producer that publishes an event which no channel of its ledger carries',
  because: 'Nobody could ever subscribe to it: its messages would be committed and reach no one.',
  source: 'docs/decisions/delivery-proof.md',
  mend: "Add the event to a channel's `events`, or stop publishing it.",
  unknown: 'the channels of other apps on a ledger that has a `ledgerName` or is imported (a note)',

  *check(pipeline) {
    const { graph } = pipeline;
    for (const { ledger, at, who, event } of publications(pipeline)) {
      const channels = [...graph.channels, ...graph.subscribers.map(({ channel }) => channel)];
      if (channels.some((channel) => channel.ledger === ledger && carries(channel.events, event.type))) continue;
      const own = graph.ledgers.find((deployed) => deployed.ledger === ledger)?.own;
      const found = `'${who}' publishes '${event.type}', which no channel of '${pathOf(ledger)}' in this app carries`;
      yield own && !own.importable ? { at, found } : { at, found, unknown: 'note' };
    }
  },
};

export const eventNotOnChannel: Rule = {
  id: 'event-not-on-channel',
  refuses: 'a subscriber whose routes name an event that its channel does not carry, or miss one that it consumes',
  because:
    'The relay sends by routes alone: what none names never arrives, and what the channel does not carry was ' +
    'never agreed on.',
  source: 'docs/decisions/route-since.md',
  mend: "Add the event to the channel's `events` and to what the subscriber consumes, and leave its `Route` as it is.",

  *check({ graph, emitted }) {
    for (const { construct: at, definition, channel, route } of graph.subscribers) {
      const routed = eventTypes(emitted.of(route)?.properties.events);
      const consumed = definition.consumes.map(({ type }) => type);
      const strange = routed.filter((type) => !carries(channel.events, type) || !consumed.includes(type));
      if (strange.length > 0) {
        const found = `The routes of '${definition.name}' name ${quoted(strange)}, which it does not get on '${pathOf(channel)}'`;
        yield { at, found };
      }
      const missing = consumed.filter((type) => !routed.includes(type));
      if (missing.length === 0) continue;
      yield { at, found: `No route of '${definition.name}' names ${quoted(missing)}, which it consumes` };
    }
  },
};

export const channelWithoutSubscriber: Rule = {
  id: 'channel-without-subscriber',
  severity: 'warning',
  refuses: 'a channel that nobody subscribes to',
  because:
    'Its messages wait in the ledger for a first subscriber, and expire there. That is right while a producer ' +
    'deploys before its consumers.',
  source: 'docs/decisions/route-since.md',
  mend: 'Add a subscriber, or acknowledge the warning with the reason.',
  unknown: 'subscribers in other apps',

  *check({ graph }) {
    const subscribed = new Set(graph.subscribers.map(({ channel }) => channel));
    for (const channel of graph.channels) {
      if (subscribed.has(channel)) continue;
      const types = channel.events.map(({ type }) => type);
      yield { at: channel, found: `Nobody in this app subscribes to ${quoted(types)} here` };
    }
  },
};

function* publications({ graph }: Pipeline): Iterable<Publication> {
  for (const { construct: at, definition, channel } of graph.subscribers) {
    for (const event of definition.publishes) yield { ledger: channel.ledger, at, who: definition.name, event };
  }
  for (const { ledger, producer: at, publishes } of graph.producers) {
    for (const event of publishes) yield { ledger, at, who: pathOf(at), event };
  }
}

interface Publication {
  readonly ledger: ILedger;
  readonly at: IConstruct;
  readonly who: string;
  readonly event: EventDefinition;
}

function carries(events: readonly EventDefinition[], type: string): boolean {
  return events.some((event) => event.type === type);
}

function eventTypes(events: unknown): string[] {
  return Array.isArray(events) ? events.map((event: { type?: unknown }) => String(event.type)) : [];
}
