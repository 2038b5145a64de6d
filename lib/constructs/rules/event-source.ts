import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { DeploymentGraph } from './deployment-graph.ts';
import { type Emitted, type EmittedResource, numberIn } from './emitted.ts';
import { textOf } from './reference-keeper.ts';

/** An event source mapping that feeds one of Waybill's functions, whoever has added it. */
export interface EventSource {
  readonly mapping: EmittedResource;
  readonly function: EmittedResource;
  /** The owner of the function: a subscriber's handler or recorder, a ledger's relay, or what consumes a work queue. */
  readonly role: 'handler' | 'recorder' | 'relay' | 'worker';
  /** The kind of source: an SQS queue, a Kinesis stream, or the stream of a DynamoDB table. */
  readonly kind: 'queue' | 'stream' | 'table' | 'other';
  /** The queue, stream or table. Absent where no stack of the app has it. */
  readonly origin?: EmittedResource;
  /** How the source is named where there is no `origin`: its ARN as far as it is known. */
  readonly arn: string;
}

const MAPPING = 'AWS::Lambda::EventSourceMapping';
const QUEUES = ['AWS::SQS::Queue'] as const;
const STREAMS = ['AWS::Kinesis::Stream'] as const;
const TABLES = ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table'] as const;

/** The event sources of handlers, recorders, relays, forwarders and check-backs. */
export function eventSources(graph: DeploymentGraph, emitted: Emitted): EventSource[] {
  const roles = new Map<EmittedResource, EventSource['role']>();
  const give = (role: EventSource['role'], of: lambda.Function): void => {
    const resource = emitted.of(of);
    if (resource) roles.set(resource, role);
  };
  for (const { own } of graph.ledgers) if (own) give('relay', own.relay);
  for (const { consumer } of graph.workQueues) give('worker', consumer);
  for (const { handler, recorder } of graph.subscribers) {
    give('handler', handler);
    give('recorder', recorder);
  }
  return emitted.ofType(MAPPING).flatMap((mapping) => {
    const target = functionBehind(emitted, mapping);
    const role = target && roles.get(target);
    return target && role ? [{ mapping, function: target, role, ...originOf(emitted, mapping) }] : [];
  });
}

/** The function that a mapping invokes, by itself, by a version or by an alias. */
export function functionBehind(emitted: Emitted, by: EmittedResource): EmittedResource | undefined {
  const value = by.properties.FunctionName;
  const direct = emitted.named(by, value, 'AWS::Lambda::Function');
  if (direct) return direct;
  const qualified = emitted.named(by, value, 'AWS::Lambda::Alias', 'AWS::Lambda::Version');
  return qualified && functionBehind(emitted, qualified);
}

/** Seconds that an invocation takes at most; `undefined` where only the deployment will tell. */
export function timeoutOf(resource: EmittedResource): number | undefined {
  return numberIn(resource.properties.Timeout, 3);
}

function originOf(emitted: Emitted, mapping: EmittedResource): Pick<EventSource, 'kind' | 'origin' | 'arn'> {
  const value = mapping.properties.EventSourceArn;
  const arn = textOf(value);
  const queue = emitted.named(mapping, value, ...QUEUES);
  if (queue) return { kind: 'queue', origin: queue, arn };
  const fanOut = emitted.named(mapping, value, 'AWS::Kinesis::StreamConsumer');
  const stream = fanOut
    ? emitted.named(fanOut, fanOut.properties.StreamARN, ...STREAMS)
    : emitted.named(mapping, value, ...STREAMS);
  if (stream) return { kind: 'stream', origin: stream, arn };
  const table = tableOf(emitted, mapping, value);
  if (table) return { kind: 'table', origin: table, arn };
  return { kind: kindOf(arn), arn };
}

/** The table whose stream the value of another's property names. */
export function tableOf(emitted: Emitted, by: EmittedResource, value: unknown): EmittedResource | undefined {
  const named = emitted.named(by, value, ...TABLES);
  if (named) return named;
  // Its stream's ARN ends in a time: arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<time>
  const name = /:table\/([^/]+)\/stream\//.exec(textOf(value))?.[1];
  return name === undefined ? undefined : emitted.named(by, name, ...TABLES);
}

function kindOf(arn: string): EventSource['kind'] {
  if (arn.includes(':sqs:')) return 'queue';
  if (arn.includes(':kinesis:')) return 'stream';
  return arn.includes(':dynamodb:') ? 'table' : 'other';
}
