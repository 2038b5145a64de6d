import type { Duration } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { EventDefinition } from '../../contract/event.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { AnyTable } from '../../contract/table.ts';
import type { QualifiedFunction } from '../aws/function-of.ts';
import type { IChannel } from '../channel/channel-interface.ts';
import type { TableAction, TablesOption } from '../producer/business-tables.ts';
import type { BreakerOptions } from './breaker.ts';
import type { ScaleOptions } from './scale.ts';

/** How a subscriber is deployed. */
export interface DeploymentOptions<Tables extends readonly AnyTable[]> {
  /**
   * The function whose handler is `consume(<the same definition>, ...)`, or an alias or version of it, which the event
   * sources then invoke. The function serves this subscriber alone.
   */
  readonly handler: QualifiedFunction;
  /** Narrows what the handler may do to a table, by the table's name. @default read, write and test single rows */
  readonly tableActions?: { readonly [Name in Tables[number]['name']]?: readonly TableAction[] };
  /**
   * The most records of one invocation: up to 10, with a batching window up to 10,000; of a stream up to 10,000.
   * @default 10, of a stream 100
   */
  readonly batchSize?: number;
  /** How long a batch waits to fill, up to 5 minutes. @default not at all */
  readonly maxBatchingWindow?: Duration;
  /** The most invocations at once that the queue causes, from 2 to 1000. @default no limit */
  readonly maxConcurrency?: number;
  /** How many batches of one shard are handled at once, from 1 to 10. Of a stream only. @default 1 */
  readonly parallelizationFactor?: number;
  /**
   * How long the queue keeps a message that is not handled, from 1 minute to 4 days.
   * @default 4 days, or a day longer than the shortest lifetime of the events
   */
  readonly retentionPeriod?: Duration;
  /**
   * The name of a subscriber that this one succeeds, e.g. under which it was deployed before. What that one had not ended when it
   * was removed is sent here once it is abandoned (an hour later, by default), and takes effect once over both. Until it is
   * removed, messages go to it alone.
   * @default what a removed subscriber never ended stays abandoned
   */
  readonly adopts?: string;
  /** How soon after its commit a message should have ended here. @default the definition's */
  readonly deadline?: Duration;
  /**
   * Opens the subscriber's circuit when what its handler depends on fails: its handler runs no more, its messages wait
   * uncounted, and a few of them are tried one by one before all go on. `{}` takes the defaults. An environment of the function reads
   * its circuit once, when it starts; while all is well that is all it costs.
   * @default the handler runs for each message, whatever fails
   */
  readonly breaker?: BreakerOptions;
  /**
   * Has the queue cause more invocations at once while much waits, and fewer while little does, by a function that looks once a
   * minute. `{}` takes the defaults. In place of `maxConcurrency`; of a queue only.
   * @default `maxConcurrency` says how many, always
   */
  readonly scale?: ScaleOptions;
  /**
   * Whether a message is taken only with a signature of the ledger, which must have `signing`. Another one is dead-lettered as
   * `invalid-signature`, without an inbox row. Turn it on once what was committed before `signing` has ended.
   * @see docs/signatures.md
   * @default whatever is a message of the ledger is taken
   */
  readonly verify?: boolean;
  /** How long the log of the subscriber's recorder is kept. @default ONE_MONTH */
  readonly logRetention?: logs.RetentionDays;
}

/** The options of `addSubscriber`, besides the definition. */
export type AddSubscriberOptions<Tables extends readonly AnyTable[] = readonly AnyTable[]> = DeploymentOptions<Tables> &
  TablesOption<Tables>;

/** What a Subscriber takes. */
export type SubscriberProps<
  Event extends EventDefinition = EventDefinition,
  Tables extends readonly AnyTable[] = readonly AnyTable[],
> = AddSubscriberOptions<Tables> & {
  readonly channel: IChannel<Event>;
  /** The definition that the handler's code imports too. The channel carries every event that it consumes. */
  readonly subscriber: SubscriberDefinition<
    string,
    readonly EventDefinition<NoInfer<Event>['type']>[],
    readonly EventDefinition[],
    Tables
  >;
};
