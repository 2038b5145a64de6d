import type {
  AnyTable,
  Duration,
  EventDefinition,
  EventInput,
  SubscriberDefinition,
  TableItem,
} from '../../contract/index.ts';
import { type Environment, publish } from '../../runtime/index.ts';
import type { ConsumerHandler } from '../invocation.ts';
import type { RunState } from './run-state.ts';

/** What producers do: one step of a workload. It may run several times, as a customer may press a button twice. */
export type WorkloadStep = (options: { readonly environment: Environment }) => Promise<unknown> | unknown;

/** A step that publishes one message. */
export function publishing<Event extends EventDefinition>(event: Event, payload: EventInput<Event>): WorkloadStep {
  return (options) => publish(event, payload, options);
}

/** Rows that a business table has when a run begins. */
export interface InitialRows {
  readonly table: AnyTable;
  readonly rows: readonly unknown[];
}

/** Rows that a business table has when a run begins. */
export function startingWith<Table extends AnyTable>(table: Table, rows: readonly TableItem<Table>[]): InitialRows {
  return { table, rows };
}

/** A system of subscribers that is simulated: the framework around it is deployed as its constructs deploy it. */
export interface System {
  readonly subscribers: readonly SubscriberDefinition[];
  /** What `consume` returns, by the subscriber's name. */
  readonly handlers: Readonly<Record<string, ConsumerHandler>>;
  /** The subscribers that read a Kinesis stream, by the stream's name. The others have a queue of their own. @default none */
  readonly streams?: Readonly<Record<string, readonly SubscriberDefinition[]>>;
  /** Business tables that are not empty at first. @default none */
  readonly tables?: readonly InitialRows[];
  readonly workload: readonly WorkloadStep[];
  /**
   * What must hold when all is delivered, e.g. that money and stock add up: answers what does not, in words.
   * @default nothing beyond what holds of every system
   */
  readonly invariant?: (state: RunState) => readonly string[];
  /** How long an invocation of a subscriber's function may take. @default '10s' */
  readonly timeout?: Duration;
  /** How soon everything must be delivered once nothing fails any more. @default '30m' */
  readonly bound?: Duration;
}

/** The name of the stream that a subscriber reads, if it reads one. */
export function streamOf({ streams = {} }: Pick<System, 'streams'>, subscriber: string): string | undefined {
  return Object.entries(streams).find(([, readers]) => readers.some(({ name }) => name === subscriber))?.[0];
}
