import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import type { InboundRecord } from '../aws/record.ts';
import type { Circuit } from '../circuit/circuit.ts';
import type { EffectDefinition } from '../contract/effect.ts';
import type { WaybillError } from '../contract/errors.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { momentOfChecked } from '../contract/timestamp.ts';
import type { CallEffect } from '../effect/call.ts';
import type { EffectContext, EffectsOwner } from '../effect/effects.ts';
import type { Ending } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { EndState, InboxRow } from '../ledger/rows/inbox.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import type { WrongSignature } from '../message/signature.ts';
import type { Ordering } from '../order/ordering.ts';
import type { Transaction } from '../transaction/transaction.ts';

/** The messages whose handlers have used their transactions though they had returned. */
export interface LateUses {
  /** By id: those that the invocation still has to say so of. */
  readonly ids: Set<string>;
  /** Whether it has said so of all of them: of what comes later, it says so at once. */
  told: boolean;
}

/** A handler of any event, as the run time calls it. */
export type AnyHandler = (
  payload: unknown,
  context: { readonly tx: Transaction; readonly message: Message & MessageEffects },
  run: HandlerRun,
) => Promise<void> | void;

/** What a run of a handler has of its invocation, for handlers of Waybill's own. */
export interface HandlerRun {
  readonly ledger: Ledger;
  readonly bindings: Bindings;
  readonly effects: EffectContext;
}

/** What the records of one invocation share. */
export interface Invocation {
  readonly environment: Environment;
  readonly bindings: Bindings;
  readonly subscriber: SubscriberDefinition;
  /** By event type: one for each that the subscriber consumes. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** Whether another attempt may mend what a handler threw. */
  readonly retryable: (error: unknown) => boolean;
  /** Whether what a handler threw says that something fails on which it depends. */
  readonly trips: (error: unknown) => boolean;
  /** Of a step of sagas: who waits for the ends of its messages. */
  readonly commands: Commands | undefined;
  /** Absent where the subscriber has no breaker. */
  readonly circuit: Circuit | undefined;
  /** Set where the controller tries one message while the circuit is open: what came of it. */
  readonly probe: Probe | undefined;
  /** When the batch arrived, in milliseconds since the epoch. */
  readonly received: number;
  /** When to stop trying, in milliseconds since the epoch. */
  readonly until: number;
  /** When Lambda ends it, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly function: string;
  readonly request: string;
  /** The records whose handlers are running, and since when, in milliseconds since the epoch. */
  readonly running: Map<InboundRecord, number>;
  /** Of records that an operator has sent again: the rows that say how their messages ended before. */
  readonly before: Map<InboundRecord, InboxRow>;
  /** Effects outside that are under way: the invocation does not return before they have settled. */
  readonly effectsUnderWay: Set<Promise<unknown>>;
  readonly lateUses: LateUses;
  /** What is wrong with a message's signature; absent where the subscriber asks for none. */
  readonly wrong: ((envelope: Envelope) => WrongSignature | undefined) | undefined;
  /** The order that the subscriber keeps; absent where it keeps none. */
  readonly order: Ordering | undefined;
}

/** What a message means to a subscriber whose messages are commands, each of which somebody waits for. */
export interface Commands {
  /** Whose the effects outside of a command are. */
  effectsOf(envelope: Envelope): EffectsOwner;
  /**
   * Ends a command whose companion was refused, for the row that lies in its place.
   *
   * @returns how it ended; `undefined` where it may run
   */
  withheld(
    invocation: Invocation,
    record: InboundRecord,
    envelope: Envelope,
    row: CancellationReason['Item'],
  ): Promise<EndState | undefined>;
  /** Ends a command that is refused, and so has ended well; `undefined` where it is dead. */
  refuse(
    invocation: Invocation,
    record: InboundRecord,
    envelope: Envelope,
    error: WaybillError,
  ): Promise<Outcome | undefined>;
  /** Tells whoever waits how the command has ended. Telling it twice does no harm. */
  answer(invocation: Invocation, envelope: Envelope, end: Pick<InboxRow, 'state'> & Partial<InboxRow>): Promise<void>;
}

/** What came of a probe. */
export interface Probe {
  /** Whether the handler ran: anything else proves nothing. */
  ran: boolean;
  /** Whether what it depends on has failed. */
  tripped: boolean;
}

/** How a message ends by this invocation, but for its state. */
export function endingOf(invocation: Invocation, record: InboundRecord, envelope: Envelope): Omit<Ending, 'state'> {
  return {
    subscriber: invocation.subscriber.name,
    envelope,
    received: invocation.received,
    deliveries: record.deliveries,
    function: invocation.function,
    request: invocation.request,
    redriven: record.redriven,
    redrive: record.redrive,
    before: invocation.before.get(record),
  };
}

/** What became of a record. */
export type Outcome =
  /** Its message ended by this delivery. */
  | { readonly kind: Exclude<EndState, 'cancelled' | 'abandoned'> }
  /** Its message had ended before, also where its producer has cancelled it. */
  | { readonly kind: 'already' }
  /** Its turn has not come: it waits in the ledger, and is sent again when what it follows has ended. */
  | { readonly kind: 'parked' }
  /** It has left its group in a FIFO queue, so that what follows it is delivered: it comes again by itself. */
  | { readonly kind: 'regrouped' }
  /** Its subscriber does not consume it. */
  | { readonly kind: 'skipped' }
  /** It must come again: after so many seconds, if it says so. `attempts`: how many have failed, where one was counted. */
  | { readonly kind: 'again'; readonly wait?: number; readonly attempts?: number }
  /** Its moment, in milliseconds since the epoch, is still to come: a wait is neither an attempt nor a failure. */
  | { readonly kind: 'early'; readonly deliverAt: number };

/** What a handler sees of the message beyond its payload. */
export interface Message<Type extends string = string> {
  /** The message id, the same at every delivery and redrive. */
  readonly id: string;
  readonly type: Type;
  /** The version that it was published with; the payload is upgraded to the version of the contract. */
  readonly version: number;
  /** The business key. */
  readonly key: string;
  /** When it was published. */
  readonly time: Date;
  /** The id of the first message of the chain. */
  readonly correlationId: string;
  /** The id of the message whose handling published this one; absent on the first. */
  readonly causationId?: string;
  /** W3C trace context. */
  readonly traceparent: string;
  /** Nothing handles it after this moment. */
  readonly expires: Date;
  /** How often the transport has delivered it, this time included, as far as it counts. */
  readonly attempt: number;
}

/** What a handler can have done outside for a message. */
export interface MessageEffects<Effects extends readonly EffectDefinition[] = readonly EffectDefinition[]> {
  /**
   * Has an effect done by a service outside, once for the message however often its handler runs, and answers with what the
   * service said. Effects come before `tx.publish`, since what is published must be committed within a minute.
   *
   * It takes 2 writes of the ledger; 1 where the service keeps keys; 1 more where the call has a key of its own.
   *
   * @throws InvalidPayload, LimitExceeded when the input or the answer does not satisfy its schema, or cannot be kept
   * @throws NotDone when `run` does; any other error of `run` as it is, and then the handler's transaction is not committed
   * @throws EffectInProgress, EffectUnknown, EffectInputChanged, EffectCancelled which a handler leaves alone
   */
  readonly effect: CallEffect<Effects[number]>;
}

/** The message in an envelope. */
export function messageOf<Type extends string>(
  envelope: Envelope & { readonly type: Type },
  attempt: number,
): Message<Type> {
  const message = {
    id: envelope.id,
    type: envelope.type,
    version: envelope.version,
    key: envelope.partitionkey,
    time: new Date(messageTime(envelope.id)),
    correlationId: envelope.correlationid,
    traceparent: envelope.traceparent,
    expires: new Date(momentOfChecked(envelope.expires)),
    attempt,
  };
  return envelope.causationid ? { ...message, causationId: envelope.causationid } : message;
}
