import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IConstruct, IDependable } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/** A transport for some event types. */
export interface IChannel<Event extends EventDefinition = EventDefinition> extends IConstruct {
  readonly ledger: ILedger;
  /** The event types that the channel carries. */
  readonly events: readonly Event[];
  /** The stream that the channel's subscribers share. Absent where each subscriber has a queue of its own. */
  readonly stream?: IStream;
  /** With how many shards the stream is deployed. Absent where Kinesis scales it, or it is another app's. */
  readonly shardCount?: number;
  /** Whether each subscriber has a FIFO queue. @default false */
  readonly isFifo?: boolean;
  /** The relay's permission to send to the stream: it must be there before a route is. */
  readonly relayPermission?: IDependable;
}
