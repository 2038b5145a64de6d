import type { EventDefinition } from '../../contract/event.ts';
import { Channel, type ChannelProps } from './channel.ts';

/** What a QueueChannel takes. */
export interface QueueChannelProps<Event extends EventDefinition> extends ChannelProps<Event> {}

/**
 * A channel on SQS. The channel is logical: each subscriber has its own queue and dead-letter queue, and the relay
 * sends one copy to each. Order is not kept.
 *
 * @example
 * const orders = new QueueChannel(this, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
 * orders.addSubscriber(ReserveStock, { handler: reserveStock, tables: { stock } });
 */
export class QueueChannel<Event extends EventDefinition = EventDefinition> extends Channel<Event> {}
