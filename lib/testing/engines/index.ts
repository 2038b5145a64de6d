export { DynamoDbEngine } from './dynamodb/engine.ts';
export { type StreamView, streamRecord } from './dynamodb/stream-record.ts';
export type { Change, KeyAttribute, Table, TableSchema } from './dynamodb/table.ts';
export { KinesisEngine, type StoredRecord } from './kinesis.ts';
export { S3Engine } from './s3.ts';
export { SqsEngine, systemAttributes } from './sqs/engine.ts';
export type { Queue, QueueEvent, QueueOptions, StoredMessage } from './sqs/queue.ts';
export { directWire, type Request, type Wire } from './wire.ts';
