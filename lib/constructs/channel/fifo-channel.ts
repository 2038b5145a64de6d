import type { Construct } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import { InvalidConstruct, quoted } from '../invalid-construct.ts';
import { Channel, type ChannelProps } from './channel.ts';

/** What a FifoChannel takes. */
export interface FifoChannelProps<Event extends EventDefinition> extends ChannelProps<Event> {}

/**
 * A channel on SQS FIFO queues, for ordered subscribers. The channel is logical: each subscriber has its own queue, backstop and
 * dead-letter queue, all of high throughput, and the relay sends one copy to each, in the message group of the message's key. So
 * the messages of a key are delivered one after the other, and seldom before their turn. One that fails twice leaves its group,
 * for the queue would not look beyond what piles up behind it; what follows it waits parked in the ledger.
 *
 * @throws InvalidConstruct when an event has no sequence
 * @example
 * const accounts = new FifoChannel(this, 'Accounts', { ledger, events: [Deposited, Withdrawn] });
 * accounts.addSubscriber(Project, { handler: project, tables: { balances } });
 */
export class FifoChannel<Event extends EventDefinition = EventDefinition> extends Channel<Event> {
  readonly isFifo = true;

  constructor(scope: Construct, id: string, props: FifoChannelProps<Event>) {
    super(scope, id, props);
    const loose = this.events.filter(({ sequence }) => sequence === undefined).map(({ type }) => type);
    if (loose.length > 0) {
      throw new InvalidConstruct(
        this,
        `${quoted(loose)} ${loose.length > 1 ? 'have' : 'has'} no \`sequence\`, so that nothing is to be in order: define one, or use a QueueChannel`,
      );
    }
  }
}
