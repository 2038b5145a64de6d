import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import type { InboundRecord } from '../aws/record.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import type { Ending } from '../ledger/inbox.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { Message } from './message.ts';

/** A handler of any event, as the run time calls it. */
export type AnyHandler = (
  payload: unknown,
  context: { readonly tx: Transaction; readonly message: Message },
) => Promise<void> | void;

/** What the records of one invocation share. */
export interface Invocation {
  readonly environment: Environment;
  readonly bindings: Bindings;
  readonly subscriber: SubscriberDefinition;
  /** By event type: one for each that the subscriber consumes. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** When the batch arrived, in milliseconds since the epoch. */
  readonly received: number;
  /** When to stop trying, in milliseconds since the epoch. */
  readonly until: number;
  readonly function: string;
  readonly request: string;
}

/** How a message ends by this invocation, but for its state. */
export function endingOf(invocation: Invocation, record: InboundRecord, envelope: Envelope): Omit<Ending, 'state'> {
  return {
    subscriber: invocation.subscriber.name,
    envelope,
    received: invocation.received,
    attempts: record.deliveries,
    function: invocation.function,
    request: invocation.request,
    redriven: record.redriven,
  };
}
