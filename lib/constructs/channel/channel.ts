import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { AnyTable } from '../../contract/table.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import type { PublishGrantOptions } from '../producer/grant-options.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { Subscriber } from '../subscriber/subscriber.ts';
import type { AddSubscriberOptions } from '../subscriber/subscriber-props.ts';
import type { IChannel } from './channel-interface.ts';

/** What every channel takes. */
export interface ChannelProps<Event extends EventDefinition> {
  readonly ledger: ILedger;
  /** The event types that the channel carries: at least one. */
  readonly events: readonly Event[];
}

/** The base of queue, FIFO and stream channels. */
export abstract class Channel<Event extends EventDefinition> extends Construct implements IChannel<Event> {
  readonly ledger: ILedger;
  readonly events: readonly Event[];

  constructor(scope: Construct, id: string, props: ChannelProps<Event>) {
    super(scope, id);
    this.ledger = props.ledger;
    this.events = [...props.events];
    const types = this.events.map((event) => event.type);
    const twice = types.find((type, index) => types.indexOf(type) !== index);
    if (twice) throw new InvalidConstruct(this, `'${twice}' is in \`events\` twice: name each event type once`);
    if (types.length === 0) throw new InvalidConstruct(this, '`events` is empty: name what the channel carries');
    deploymentGraphOf(this).channels.push(this);
  }

  /**
   * Adds a subscriber below this channel. `new Subscriber` does the same anywhere else, e.g. in a stack of its own.
   *
   * @throws InvalidConstruct when `new Subscriber` does
   */
  addSubscriber<Tables extends readonly AnyTable[]>(
    subscriber: SubscriberDefinition<
      string,
      readonly EventDefinition<Event['type']>[],
      readonly EventDefinition[],
      Tables
    >,
    options: AddSubscriberOptions<Tables>,
  ): Subscriber<Event, Tables> {
    return new Subscriber(this, subscriber.name, { ...options, channel: this, subscriber });
  }

  /** Lets somebody who is no subscriber's handler publish to the ledger. @throws InvalidConstruct when the ledger's does */
  grantPublish<const Tables extends readonly AnyTable[] = readonly []>(
    producer: iam.IGrantable,
    options?: PublishGrantOptions<Tables>,
  ): iam.Grant {
    return this.ledger.grantPublish(producer, options);
  }
}
