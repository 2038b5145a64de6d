import { Annotations, type Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import { LONGEST_RETENTION } from '../aws/queue-times.ts';
import type { IChannel } from '../channel/channel-interface.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/** A subscriber's properties, whatever its definition is. */
export interface CheckedProps {
  readonly channel: IChannel;
  readonly subscriber: SubscriberDefinition;
  readonly handler: lambda.Function;
  readonly tables: Readonly<Record<string, ITable>>;
  readonly tableActions: Readonly<Record<string, readonly string[] | undefined>>;
  readonly batchSize?: number;
  readonly maxBatchingWindow?: Duration;
  readonly maxConcurrency?: number;
  readonly parallelizationFactor?: number;
  readonly retentionPeriod?: Duration;
}

/** Checks what `tsc` checks for those who use it, and what it cannot. */
export function checkSubscriber(construct: Construct, props: CheckedProps): void {
  checkHandler(construct, props);
  checkEvents(construct, props);
  checkTables(construct, props);
  checkNumbers(construct, props);
  claim(construct, props.channel.ledger, props.subscriber.name, props.handler);
}

function checkHandler(construct: Construct, { handler }: CheckedProps): void {
  // An imported function has no environment that could be added to.
  if (typeof handler?.addEnvironment !== 'function') {
    throw new InvalidConstruct(construct, '`handler` is no function of this app: give a ConsumerFunction');
  }
}

function checkEvents(construct: Construct, { channel, subscriber }: CheckedProps): void {
  for (const event of subscriber.consumes) {
    const carried = channel.events.find(({ type }) => type === event.type);
    if (!carried) {
      throw new InvalidConstruct(
        construct,
        `'${subscriber.name}' consumes '${event.type}', which its channel does not carry ` +
          `(${channel.events.map(({ type }) => `'${type}'`).join(', ')}): add it to the channel's \`events\``,
      );
    }
    if (carried.version > event.version) {
      Annotations.of(construct).addWarningV2(
        'waybill:older-event-version',
        `'${subscriber.name}' consumes version ${event.version} of '${event.type}' while its channel carries version ` +
          `${carried.version}, which it will not understand: deploy consumers first`,
      );
    }
  }
}

function checkTables(construct: Construct, { subscriber, tables, tableActions }: CheckedProps): void {
  const declared = subscriber.tables.map(({ name }) => name);
  const missing = declared.filter((name) => !Object.hasOwn(tables, name));
  if (missing.length > 0) {
    throw new InvalidConstruct(
      construct,
      `'${subscriber.name}' declares the tables ${quoted(missing)}: bind each in \`tables\`, e.g. ` +
        `tables: { '${missing[0]}': table }`,
    );
  }
  const unknown = Object.keys({ ...tables, ...tableActions }).filter((name) => !declared.includes(name));
  if (unknown.length > 0) {
    throw new InvalidConstruct(
      construct,
      `\`tables\` or \`tableActions\` name ${quoted(unknown)}, which '${subscriber.name}' does not declare: ` +
        'add the table to its definition, or leave it out',
    );
  }
}

function checkNumbers(construct: Construct, props: CheckedProps): void {
  const { stream } = props.channel;
  const windowed = (props.maxBatchingWindow?.toSeconds() ?? 0) > 0;
  const within = (
    name: keyof CheckedProps & string,
    value: number | undefined,
    from: number,
    to: number,
    why = '',
  ): void => {
    if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) return;
    throw new InvalidConstruct(construct, `\`${name}\` is ${value}: give a whole number from ${from} to ${to}${why}`);
  };
  const small = !stream && !windowed;
  within('batchSize', props.batchSize, 1, small ? 10 : 10_000, small ? ', or a `maxBatchingWindow` too' : '');
  within('maxBatchingWindow', props.maxBatchingWindow?.toSeconds(), 0, 300, ' seconds');
  within('maxConcurrency', props.maxConcurrency, 2, 1000);
  within('parallelizationFactor', props.parallelizationFactor, 1, 10);
  within('retentionPeriod', props.retentionPeriod?.toSeconds(), 60, LONGEST_RETENTION.toSeconds(), ' seconds (4 days)');
  if (props.parallelizationFactor !== undefined && !stream) {
    throw new InvalidConstruct(
      construct,
      '`parallelizationFactor` is for the shards of a StreamChannel: on a QueueChannel give `maxConcurrency`',
    );
  }
}

const subscribersOf = new WeakMap<ILedger, Map<string, Construct>>();
const servedBy = new WeakMap<lambda.Function, string>();

/** Takes the name on the ledger, and the function, for this subscriber. */
function claim(construct: Construct, ledger: ILedger, name: string, handler: lambda.Function): void {
  const served = servedBy.get(handler);
  if (served !== undefined) {
    throw new InvalidConstruct(
      construct,
      `The function '${handler.node.path}' serves the subscriber '${served}' already: give '${name}' a function of its own`,
    );
  }
  const names = subscribersOf.get(ledger) ?? new Map<string, Construct>();
  const namesake = names.get(name);
  if (namesake) {
    throw new InvalidConstruct(
      construct,
      `The ledger has a subscriber '${name}' already, at '${namesake.node.path}': a name is an identity, so choose another`,
    );
  }
  subscribersOf.set(ledger, names.set(name, construct));
  servedBy.set(handler, name);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
