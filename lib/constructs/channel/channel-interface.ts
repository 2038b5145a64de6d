import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IConstruct, IDependable } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/** A transport for some event types. */
export interface IChannel<Event extends EventDefinition = EventDefinition> extends IConstruct {
  readonly ledger: ILedger;
  /** The event types that it carries. */
  readonly events: readonly Event[];
  /** The stream that its subscribers share. Absent where each subscriber has a queue of its own. */
  readonly stream?: IStream;
  /** What must be there before a route to the stream is. */
  readonly relayPermission?: IDependable;
}
