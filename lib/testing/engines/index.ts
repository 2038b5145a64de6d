export { AsynchronousInvocations, type AsynchronousInvocationsOptions } from './asynchronous-invocations.ts';
export { CloudWatchEngine, type MetricOf } from './cloudwatch.ts';
export { DynamoDbEngine } from './dynamodb/engine.ts';
export { type StreamView, streamRecord, tableStreamArn } from './dynamodb/stream-record.ts';
export type { Change, KeyAttribute, Table, TableSchema } from './dynamodb/table.ts';
export type { TableStreamOptions } from './dynamodb/table-streams.ts';
export { KinesisEngine } from './kinesis/engine.ts';
export type { StreamShard } from './kinesis/shard.ts';
export type { StoredRecord, StreamOptions } from './kinesis/stream.ts';
export { LambdaEngine } from './lambda.ts';
export { S3Engine } from './s3.ts';
export {
  type Alarm,
  type AlarmClock,
  alarmsOn,
  type Firing,
  type Schedule,
  SchedulerEngine,
  type SchedulerEvent,
  type SchedulerOptions,
  type SchedulerTargets,
} from './scheduler/index.ts';
export { SecretsEngine } from './secrets.ts';
export { SqsEngine } from './sqs/engine.ts';
export type { Queue, QueueEvent, QueueOptions } from './sqs/queue.ts';
export { received } from './sqs/received-message.ts';
export type { SentMessage, StoredMessage } from './sqs/stored-message.ts';
export { type ExecutionView, StepFunctionsEngine, type StepFunctionsOptions } from './step-functions/engine.ts';
export { directWire, type Request, type Wire } from './wire.ts';
