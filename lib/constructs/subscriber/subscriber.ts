import { Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import type { EventDefinition } from '../../contract/event.ts';
import type { AnyTable } from '../../contract/table.ts';
import { circuitPartitions, deadPartitions, PARTITIONS, subscriberPartitions } from '../../ledger/rows/partitions.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { functionOf } from '../aws/function-of.ts';
import { allow, roleOf, SEND } from '../aws/grants.ts';
import { allowRows } from '../aws/ledger-rows.ts';
import { timeoutOf } from '../aws/work-queue.ts';
import type { IChannel } from '../channel/channel-interface.ts';
import { Controller } from '../framework/controller.ts';
import { Scaler } from '../framework/scaler.ts';
import { allowDelivery, allowHealing, allowRedriving, allowSweeping } from '../framework/send-permission.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { allowQuarantine } from '../ledger/quarantine.ts';
import { allowSigning, bindSigning } from '../ledger/signing.ts';
import { bindTables } from '../producer/business-tables.ts';
import { bindLedger, bindPublishing, numberRows, publishingRows } from '../producer/producer-grants.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { type BreakerOptions, breakerSettings } from './breaker.ts';
import { consumeQueue, consumeStream } from './event-sources.ts';
import { FencePermission, keepOrder, warnOfOrder } from './order.ts';
import { Route } from './route.ts';
import { type ScaleOptions, scaleBounds, scaleSettings } from './scale.ts';
import { checkSubscriber } from './subscriber-check.ts';
import type { SubscriberProps } from './subscriber-props.ts';
import { createSubscriberQueues, retentionFor } from './subscriber-queues.ts';

/**
 * A named consumer of some of a channel's event types: its queues, its event sources, what its handler may do, and its
 * routes in the ledger.
 *
 * - SQS moves nothing into the dead-letter queue: the run time sends dead letters there with their bytes and reason. A
 *   message that the function never ends (it crashes on every start) goes to the backstop queue after 100 receives,
 *   whose recorder does the same for it.
 * - On a stream channel, `queue` is the retry queue: a record that fails is parked there and never blocks its shard.
 *
 * @example
 * new Subscriber(this, 'ReserveStock', { channel: orders, subscriber: ReserveStock, handler, tables: { stock } });
 */
export class Subscriber<
  Event extends EventDefinition = EventDefinition,
  Tables extends readonly AnyTable[] = readonly AnyTable[],
> extends Construct {
  /** The subscriber's own queue. On a stream channel, the queue from which failed records are retried. */
  readonly queue: sqs.Queue;
  /** Messages that the subscriber cannot handle end here, each with its reason, and are kept for 14 days. */
  readonly deadLetterQueue: sqs.Queue;
  /** The queue into which SQS moves what the function never ends. */
  readonly backstopQueue: sqs.Queue;
  /** The function that records and dead-letters what comes to the backstop queue. */
  readonly recorder: lambda.Function;
  /** The function, also where an alias or a version of it is what the event sources invoke. */
  readonly handler: lambda.Function;

  /**
   * @throws InvalidConstruct when the channel lacks an event, a table is not bound, the function or the name is taken, or
   * a number is out of range
   */
  constructor(scope: Construct, id: string, props: SubscriberProps<Event, Tables>) {
    super(scope, id);
    const tables = props.tables ?? {};
    const tableActions = props.tableActions ?? {};
    checkSubscriber(this, { ...props, tables, tableActions });
    const { channel, subscriber: definition, handler: target } = props;
    const { ledger, stream } = channel;
    const handler = functionOf(target);
    this.handler = handler;
    const queues = createSubscriberQueues(this, {
      ledger,
      subscriber: definition,
      isFifo: channel.isFifo ?? false,
      timeout: timeoutOf(handler),
      maxBatchingWindow: stream ? undefined : props.maxBatchingWindow,
      retentionPeriod: props.retentionPeriod ?? retentionFor(definition),
      logRetention: props.logRetention,
      verify: props.verify ?? false,
    });
    this.queue = queues.queue;
    this.deadLetterQueue = queues.deadLetterQueue;
    this.backstopQueue = queues.backstopQueue;
    this.recorder = queues.recorder;

    this.equip(props);
    const bounds = props.scale && scaleBounds(props.scale, stream !== undefined);
    let source: lambda.EventSourceMapping;
    if (stream) {
      // A stream holds everybody's messages, and those from before: the subscriber's own routes say what is for it.
      bindVariable(handler, BINDINGS.streamName, stream.streamName);
      // Also of event types that it will consume once its next deploy has come.
      allowRows(handler, ledger.table, { actions: ['dynamodb:GetItem'], partitions: PARTITIONS.routes });
      const factor = bounds ? { ...props, parallelizationFactor: bounds.min } : props;
      source = consumeStream(handler, stream, ledger, factor, target);
      // Parks what fails there.
      allow(handler, SEND, this.queue.queueArn);
      consumeQueue(handler, this.queue, { maxConcurrency: props.maxConcurrency }, target);
    } else {
      const held = bounds ? { ...props, maxConcurrency: bounds.min } : props;
      source = consumeQueue(handler, this.queue, held, target);
    }
    const scale = props.scale &&
      bounds && { ...bounds, ...this.scaleBy(props.scale, channel, definition.name, source) };
    if (definition.ordered) {
      keepOrder(handler, definition, ledger, this.queue);
      if (ledger.reconcilerRole) new FencePermission(this, definition, ledger, ledger.reconcilerRole);
      warnOfOrder(this, definition, channel);
    }
    const controller = props.breaker && this.breakBy(props.breaker, channel.ledger, definition.name);

    const letterBox = { deadLetterQueueUrl: this.deadLetterQueue.queueUrl };
    const route = new Route(this, 'Route', {
      ledger,
      subscriber: definition.name,
      events: definition.consumes,
      destination: stream
        ? { kind: 'stream', name: stream.streamName, retryQueueUrl: this.queue.queueUrl, ...letterBox }
        : { kind: 'queue', url: this.queue.queueUrl, ...letterBox },
      ...(props.adopts !== undefined && { adopts: props.adopts }),
      deadline: props.deadline?.toMilliseconds() ?? definition.deadline,
      effects: definition.effects.length > 0,
      ordered: definition.ordered !== undefined,
    });
    // The relay sends once the route is there: by then the destination must be there too, and the relay allowed to send.
    if (stream) allowRedriving(this.queue, ledger);
    else allowDelivery(this.queue, ledger);
    allowHealing(this.queue, ledger);
    route.node.addDependency(this.queue, ...(channel.relayPermission ? [channel.relayPermission] : []));
    // Code that knows an event comes before its route. A handler of another stack refers to this one, which deploys first.
    const code = target.node.defaultChild;
    if (code && Stack.of(target) === Stack.of(route)) route.node.addDependency(code);

    allowSweeping(this.deadLetterQueue, ledger);
    deploymentGraphOf(this).addSubscriber({
      ...queues,
      ...(controller && { controllerTag: controller.tag }),
      ...(scale && { scale }),
      ...(props.adopts !== undefined && { adopts: props.adopts }),
      construct: this,
      handler,
      route,
      definition,
      channel,
    });
  }

  /** Dead letters that wait for somebody to look at them. @default maximum over 5 minutes */
  metricDeadLetters(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...options });
  }

  /** Seconds that the oldest message has been in the queue. @default maximum over 5 minutes */
  metricOldestMessageAge(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', ...options });
  }

  /** Messages that wait in the queue. @default maximum over 5 minutes */
  metricBacklog(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...options });
  }

  /** Messages that the function never ended and the recorder has yet to record. @default maximum over 5 minutes */
  metricBackstopMessages(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.backstopQueue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...options });
  }

  /** Milliseconds by which the handler lags behind its stream. @default maximum over 5 minutes */
  metricIteratorAge(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.handler.metric('IteratorAge', { statistic: 'Maximum', ...options });
  }

  /** Gives the handler a breaker, and the controller what it controls. */
  private breakBy(options: BreakerOptions, ledger: ILedger, subscriber: string): Controller {
    const { handler } = this;
    const controller = Controller.of(ledger);
    controller.control(handler, this.queue);
    bindVariable(handler, BINDINGS.breaker, JSON.stringify(breakerSettings(options)));
    bindVariable(handler, BINDINGS.controlQueueUrl, controller.queue.queueUrl);
    allow(handler, SEND, controller.queue.queueArn);
    allowRows(handler, ledger.table, {
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      partitions: circuitPartitions(subscriber),
    });
    return controller;
  }

  /** Has the scaler see to how much the event source takes on, and where it may to the stream's shards. Answers with the tag by which it does. */
  private scaleBy(options: ScaleOptions, channel: IChannel, subscriber: string, source: IConstruct) {
    const scaler = Scaler.of(channel.ledger);
    const { stream, shardCount } = channel;
    const settings = scaleSettings(options, shardCount);
    scaler.add(subscriber, settings, this.queue, source);
    if (stream) scaler.addStream(settings.shards && stream);
    return {
      tag: scaler.tag,
      isForecast: options.forecast !== undefined,
      ...(settings.shards && stream && { resharded: stream }),
    };
  }

  /** Tells the handler where things are, and lets it do what the run time does with them. */
  private equip(props: SubscriberProps<Event, Tables>): void {
    const { channel, subscriber } = props;
    const { handler } = this;
    const { ledger } = channel;
    bindLedger(ledger, handler);
    bindVariable(handler, BINDINGS.subscriber, subscriber.name);
    bindVariable(handler, BINDINGS.queueUrl, this.queue.queueUrl);
    bindVariable(handler, BINDINGS.deadLetterQueueUrl, this.deadLetterQueue.queueUrl);
    bindVariable(handler, BINDINGS.quarantineBucket, ledger.quarantineBucket.bucketName);
    bindTables(handler, handler, props.tables ?? {}, props.tableActions);
    const own = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
    allowRows(handler, ledger.table, { actions: own, partitions: subscriberPartitions(subscriber) });
    // What was dead, and is handled after all.
    allowRows(handler, ledger.table, { actions: ['dynamodb:DeleteItem'], partitions: deadPartitions(subscriber.name) });
    if (subscriber.publishes.length > 0) {
      allowRows(handler, ledger.table, { actions: ['dynamodb:PutItem'], partitions: PARTITIONS.outbox });
      for (const grant of [publishingRows(ledger), ...numberRows(subscriber.publishes)])
        allowRows(handler, ledger.table, grant);
      bindPublishing(ledger, handler);
    }
    if (props.verify) {
      bindVariable(handler, BINDINGS.verify, '1');
      bindSigning(ledger, handler);
    }
    if (props.verify || subscriber.publishes.length > 0) allowSigning(ledger, handler);
    allow(handler, SEND, this.deadLetterQueue.queueArn);
    grantKeyUse(ledger.encryptionKey, handler);
    allowQuarantine(handler, roleOf(handler), ledger.quarantineBucket, subscriber.name);
  }
}
