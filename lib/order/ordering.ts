import { type InboundRecord, textOf } from '../aws/record.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import { sendMessages } from '../aws/send-batch.ts';
import type { OrderPolicy, SubscriberDefinition } from '../contract/subscriber.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Envelope } from '../message/envelope.ts';
import { groupOf } from '../message/order.ts';
import { traceHeader } from '../message/trace-context.ts';
import { placeIn } from './fence-actions.ts';
import { OwnRoutes } from './own-routes.ts';
import { type Coming, Turn, type TurnContext } from './turn.ts';

/** What keeps the order of a subscriber's function, for one invocation. */
export type InOrder = (ledger: Ledger, subscriber: SubscriberDefinition, queueUrl: string) => Ordering | undefined;

/**
 * Keeps the order of an ordered subscriber: the option `order` of `consume`.
 *
 * @example export const handler = consume(Project, { 'account.deposited': …, 'account.withdrawn': … }, { order: inOrder });
 */
export const inOrder: InOrder = (ledger, subscriber, queueUrl) =>
  subscriber.ordered && new Ordering(ledger, subscriber, subscriber.ordered, queueUrl);

/** Failures of a message after which it leaves its group. */
const LEAVES_AFTER = 2;

/** The order that a subscriber's function keeps, for one invocation. */
export class Ordering {
  readonly #subscriber: string;
  readonly #context: TurnContext;
  readonly #turns = new Map<Coming, Turn>();

  constructor(ledger: Ledger, subscriber: SubscriberDefinition, { onDead }: OrderPolicy, queueUrl: string) {
    this.#subscriber = subscriber.name;
    this.#context = { ledger, onDead, queueUrl, routes: OwnRoutes.of(ledger, subscriber) };
  }

  /** The turn of a record's message; `undefined` where the message has no number. */
  turnOf(record: Coming, envelope: Envelope): Turn | undefined {
    const known = this.#turns.get(record);
    if (known) return known;
    const place = placeIn(envelope, this.#subscriber);
    if (!place || envelope.order === undefined) return undefined;
    const turn = new Turn(this.#context, place, envelope.order, record);
    this.#turns.set(record, turn);
    return turn;
  }

  /**
   * Sends a message of a FIFO queue that has failed twice again, in a group of its own: its group holds back what follows it for
   * so long. It is safe at any time: what comes twice takes effect once.
   *
   * @param failed after how many seconds it comes again, and how often it has failed
   * @returns false where it stays, has left its key's group before, or could not be sent: then its record comes again
   */
  async leaveGroup(
    record: InboundRecord,
    { envelope }: { readonly kind: string; readonly envelope?: Envelope },
    { wait, attempts = record.deliveries }: { readonly wait?: number; readonly attempts?: number },
  ): Promise<boolean> {
    if (!envelope || attempts < LEAVES_AFTER) return false;
    if (record.group !== groupOf(envelope)) return false;
    const { environment } = this.#context.ledger;
    const delaySeconds = wait ?? redeliveryDelay(record.deliveries);
    const entry = { body: textOf(record), traceHeader: traceHeader(envelope.traceparent), delaySeconds };
    const [failed] = await sendMessages(environment, this.#context.queueUrl, [entry]);
    return failed === undefined;
  }

  /**
   * Groups the places of records: those of a key in a lane, by their numbers; each other one in a lane of its own.
   *
   * @param places in the order in which lanes are to begin
   */
  lanesOf(places: readonly number[], envelopeAt: (place: number) => Envelope | undefined): (readonly number[])[] {
    const lanes = new Map<string, { readonly place: number; readonly number: number }[]>();
    for (const place of places) {
      const envelope = envelopeAt(place);
      const found = envelope && placeIn(envelope, this.#subscriber);
      const lane = found ? `key ${found.key}` : `place ${place}`;
      lanes.set(lane, [...(lanes.get(lane) ?? []), { place, number: found?.number ?? 0 }]);
    }
    return [...lanes.values()].map((lane) =>
      lane.sort((one, other) => one.number - other.number).map(({ place }) => place),
    );
  }
}
