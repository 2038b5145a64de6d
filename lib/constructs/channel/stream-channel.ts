import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Validations } from 'aws-cdk-lib';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type { Construct, IDependable } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import { encryptedStream } from '../aws/encryption.ts';
import { StreamPermission } from '../framework/send-permission.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import { Channel, type ChannelProps } from './channel.ts';

/** What a StreamChannel takes. */
export interface StreamChannelProps<Event extends EventDefinition> extends ChannelProps<Event> {
  /** A stream that is there already, e.g. of another app. @default a stream of the channel's own */
  readonly stream?: kinesis.IStream;
  /** @default ON_DEMAND, or PROVISIONED where `shardCount` is given */
  readonly streamMode?: kinesis.StreamMode;
  /** @default Kinesis scales the stream */
  readonly shardCount?: number;
  /** How long the stream keeps a record, from 24 hours to 365 days. @default 24 hours */
  readonly retentionPeriod?: Duration;
  /** What happens to the stream when the stack is deleted. @default RETAIN */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A channel on one Kinesis stream that its subscribers share. The partition key is the business key, but order is not
 * kept: a record that fails is retried from a queue, so that it never blocks its shard.
 *
 * @example
 * const sales = new StreamChannel(this, 'Sales', { ledger, events: [OrderPlaced] });
 * sales.addSubscriber(CountSales, { handler: countSales, tables: { 'sales-counts': counts } });
 */
export class StreamChannel<Event extends EventDefinition = EventDefinition> extends Channel<Event> {
  readonly stream: kinesis.IStream;
  readonly shardCount?: number;
  readonly relayPermission: IDependable;

  constructor(scope: Construct, id: string, props: StreamChannelProps<Event>) {
    super(scope, id, props);
    this.stream = props.stream ?? this.createStream(props);
    if (props.stream) this.refuseSettingsOfAnother(props);
    if (props.shardCount !== undefined) this.shardCount = props.shardCount;
    this.relayPermission = new StreamPermission(this, this.ledger, this.stream);
  }

  private createStream(props: StreamChannelProps<Event>): kinesis.Stream {
    const provisioned = props.shardCount !== undefined;
    const stream = new kinesis.Stream(this, 'Stream', {
      ...encryptedStream(this.ledger.encryptionKey),
      streamMode: props.streamMode ?? (provisioned ? kinesis.StreamMode.PROVISIONED : kinesis.StreamMode.ON_DEMAND),
      shardCount: props.shardCount,
      retentionPeriod: props.retentionPeriod,
      removalPolicy: props.removalPolicy,
    });
    if (this.ledger.encryptionKey) {
      Validations.of(stream).acknowledge({
        id: 'AwsSolutions-KDS3',
        reason: "The ledger's customer key encrypts everything that holds messages, whatever it costs",
      });
    }
    return stream;
  }

  private refuseSettingsOfAnother(props: StreamChannelProps<Event>): void {
    const given = (['streamMode', 'shardCount', 'retentionPeriod', 'removalPolicy'] as const).filter(
      (name) => props[name] !== undefined,
    );
    if (given.length > 0) {
      throw new InvalidConstruct(this, `\`${given.join('`, `')}\` cannot change a given \`stream\`: leave it out`);
    }
  }
}
