import { LambdaClient } from '@aws-sdk/client-lambda';
import { type Reconciliation, reconcile, type TracedMessage, traceKey } from 'waybill/operations';
import { createEnvironment } from 'waybill/runtime';
import { eventSourcesOf } from '../lib/inspect/list-event-sources.ts';
import type { Deployment } from './deployment.ts';
import type { TrackedMessage } from './tracker.ts';

/** Clocks of one machine: a message's id is not ahead of them by more milliseconds. */
const AHEAD_MS = 1_000;

/** What a message of the shop is inspected by. */
export function inspectionOf({ ledger, shards }: Deployment) {
  return { ledger, shards, listEventSources: eventSourcesOf(new LambdaClient()) };
}

/** Reconciles the messages that were committed since a moment, in milliseconds since the epoch. */
export function reconcileSince(deployment: Deployment, from: number): Promise<Reconciliation> {
  const environment = createEnvironment(deployment.variables);
  return reconcile(environment, { ...inspectionOf(deployment), from, to: environment.now() + AHEAD_MS });
}

/** Whether a message has not ended that is late, or rests, or is within its deadline: nothing that is missing is. */
export function isUnderWay({ lines, copies }: Reconciliation): boolean {
  return copies.late > 0 || Object.values(lines).some(({ inFlight, scheduled }) => inFlight + scheduled > 0);
}

/** The messages about an order that were committed since a moment. */
export async function messagesOf(deployment: Deployment, orderId: string, since: number): Promise<TrackedMessage[]> {
  const environment = createEnvironment(deployment.variables);
  const roots = await traceKey(environment, inspectionOf(deployment), orderId, since);
  const below = ({ id, type, subscribers }: TracedMessage): TrackedMessage[] => [
    { id, type, orderId },
    ...subscribers.flatMap(({ published }) => published.flatMap(below)),
  ];
  return roots.flatMap(below);
}
