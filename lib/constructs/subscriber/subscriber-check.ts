import { Annotations } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { STEP_COMMANDS } from '../../contract/step.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { AnyTable } from '../../contract/table.ts';
import { functionOf } from '../aws/function-of.ts';
import { LONGEST_RETENTION } from '../aws/work-queue.ts';
import type { IChannel } from '../channel/channel-interface.ts';
import { InvalidConstruct, quoted } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { bindingRefusals } from '../producer/business-tables.ts';
import { breakerRefusals, breakerSettings } from './breaker.ts';
import { scaleRefusals } from './scale.ts';
import type { DeploymentOptions } from './subscriber-props.ts';

/** A subscriber's properties, whatever its definition is. */
export interface CheckedProps extends Omit<DeploymentOptions<readonly AnyTable[]>, 'tableActions'> {
  readonly channel: IChannel;
  readonly subscriber: SubscriberDefinition;
  readonly tables: Readonly<Record<string, ITable>>;
  readonly tableActions: Readonly<Record<string, readonly string[] | undefined>>;
}

/**
 * Checks what `tsc` checks for those who use it, and what it cannot. Takes the name on the ledger, and the function, for
 * the subscriber.
 *
 * @throws InvalidConstruct when something about the properties cannot work
 */
export function checkSubscriber(construct: Construct, props: CheckedProps): void {
  for (const reason of refusals(props)) throw new InvalidConstruct(construct, reason);
  warnOfOlderEvents(construct, props);
  const { channel, subscriber, handler } = props;
  namesOn(channel.ledger).set(subscriber.name, construct);
  if (props.scale?.maxShards !== undefined) resharding.set(channel, subscriber.name);
  servedBy.set(functionOf(handler), subscriber.name);
}

const subscribersOf = new WeakMap<ILedger, Map<string, Construct>>();
/** Whose scaler gives a channel's stream more shards, or fewer. */
const resharding = new WeakMap<IChannel, string>();
const servedBy = new WeakMap<lambda.Function, string>();

function namesOn(ledger: ILedger): Map<string, Construct> {
  const names = subscribersOf.get(ledger) ?? new Map<string, Construct>();
  subscribersOf.set(ledger, names);
  return names;
}

function* refusals(props: CheckedProps): Iterable<string> {
  const { channel, subscriber } = props;
  const { name } = subscriber;
  const handler = functionOf(props.handler);
  // An imported function has no environment that could be added to.
  if (typeof handler?.addEnvironment !== 'function') {
    yield '`handler` is no function of this app: give a ConsumerFunction, or an alias or a version of one';
  }
  const carried = channel.events.map(({ type }) => type);
  const strange = subscriber.consumes.find(({ type }) => !carried.includes(type));
  if (strange) {
    yield `'${name}' consumes '${strange.type}', which its channel does not carry (${quoted(carried)}): add it to the ` +
      "channel's `events`";
  }
  if (channel.isFifo && !subscriber.ordered) {
    yield `'${name}' is not ordered, and its channel is a FifoChannel: give its definition \`ordered\`, or use a QueueChannel, which costs less`;
  }
  yield* bindingRefusals(name, subscriber.tables, props.tables, Object.keys(props.tableActions));
  yield* numberRefusals(props);
  if (props.verify) yield* verifyRefusals(props);
  if (props.breaker) yield* breakerRefusals(breakerSettings(props.breaker));
  if (props.scale) {
    yield* scaleRefusals(props.scale, { isStream: channel.stream !== undefined, shardCount: channel.shardCount });
    const twice = props.scale.maxShards !== undefined && resharding.get(channel);
    if (twice)
      yield `'${twice}' has \`maxShards\` for the stream of this channel already: give it at one of its subscribers`;
  }
  if (props.scale && props.parallelizationFactor !== undefined) {
    yield '`parallelizationFactor` is what `scale` sets: give `scale: { min, max }` alone';
  }
  if (props.scale && subscriber.ordered && subscriber.consumes.some(({ sequence }) => sequence?.scope === 'global')) {
    yield `\`scale\` has nothing to scale: '${name}' has one order for all keys, and handles one message at a time`;
  }
  if (props.scale && props.maxConcurrency !== undefined) {
    yield '`maxConcurrency` is what `scale` sets: give `scale: { min, max }` alone';
  }
  const served = servedBy.get(handler);
  if (served !== undefined) {
    yield `The function '${handler.node.path}' serves the subscriber '${served}' already: give '${name}' a function of its own`;
  }
  if (props.adopts === name) {
    yield `'${name}' adopts itself: name the subscriber that it succeeds, or leave \`adopts\` out. What it owed before it was ` +
      'removed it still owes when it is added again';
  }
  const namesake = namesOn(channel.ledger).get(name);
  if (namesake) {
    yield `The ledger has a subscriber '${name}' already, at '${namesake.node.path}': a name is an identity, so choose another`;
  }
}

function* verifyRefusals({ channel, subscriber: { name, consumes } }: CheckedProps): Iterable<string> {
  if (!channel.ledger.signingSecret) {
    yield `'${name}' has \`verify\`, and its ledger signs nothing, so that every message would be dead-lettered: give the ledger \`signing\`, an imported one \`signingSecret\``;
  }
  if (consumes.some(({ type }) => type.startsWith(STEP_COMMANDS))) {
    yield `'${name}' is a step of a saga, whose commands a state machine writes, which signs nothing: leave \`verify\` out`;
  }
}

function* numberRefusals(props: CheckedProps): Iterable<string> {
  const { batchSize, maxConcurrency, parallelizationFactor } = props;
  const { stream, isFifo } = props.channel;
  const [window, retention] = [props.maxBatchingWindow?.toSeconds(), props.retentionPeriod?.toSeconds()];
  const small = !stream && (isFifo || !window);
  const limits: readonly [string, number | undefined, from: number, to: number, why?: string][] = [
    ['batchSize', batchSize, 1, small ? 10 : 10_000, small && !isFifo ? ', or a `maxBatchingWindow` too' : ''],
    ['maxBatchingWindow', window, 0, 300, ' seconds'],
    ['maxConcurrency', maxConcurrency, 2, 1000],
    ['parallelizationFactor', parallelizationFactor, 1, 10],
    ['retentionPeriod', retention, 60, LONGEST_RETENTION.toSeconds(), ' seconds (4 days)'],
  ];
  for (const [name, value, from, to, why = ''] of limits) {
    if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) continue;
    yield `\`${name}\` is ${value}: give a whole number from ${from} to ${to}${why}`;
  }
  if (isFifo && window) {
    yield '`maxBatchingWindow` is not for the FIFO queues of a FifoChannel, which SQS never has wait: leave it out';
  }
  if (parallelizationFactor !== undefined && !stream) {
    yield '`parallelizationFactor` is for the shards of a StreamChannel: on a QueueChannel give `maxConcurrency`';
  }
}

function warnOfOlderEvents(construct: Construct, { channel, subscriber }: CheckedProps): void {
  for (const { type, version } of subscriber.consumes) {
    const carried = channel.events.find((event) => event.type === type);
    if (!carried || carried.version <= version) continue;
    Annotations.of(construct).addWarningV2(
      'waybill:older-event-version',
      `'${subscriber.name}' consumes version ${version} of '${type}' while its channel carries version ` +
        `${carried.version}, which it will not understand: deploy consumers first`,
    );
  }
}
