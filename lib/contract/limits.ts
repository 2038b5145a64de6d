/**
 * Limits that are checked when a message is published, before anything commits, and again when one is decoded.
 */
export const LIMITS = {
  /**
   * Bytes of an encoded envelope. A DynamoDB item holds 400 KB; the rest is for keys and attributes.
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
   */
  envelopeBytes: 384 * 1024,
  /**
   * Bytes of a record that is decoded at all: what an SQS message may carry.
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
   */
  wireBytes: 1024 * 1024,
  /** Nested objects and arrays, the envelope itself included. */
  depth: 64,
  /**
   * Characters of a business key. It is the Kinesis partition key.
   * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
   */
  keyCharacters: 256,
  /**
   * Bytes of an idempotency key. It is part of a DynamoDB partition key, which holds 2,048 bytes.
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
   */
  idempotencyKeyBytes: 1024,
  /**
   * Actions of one transaction, Waybill's own included.
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
   */
  transactionActions: 100,
  /** By how much a message can be delayed: a year, the longest one. */
  delayMilliseconds: 366 * 86_400_000,
  /**
   * By how much SQS can delay a message.
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
   */
  queueDelaySeconds: 900,
} as const;

/** How long a message lives when its event does not say: as long as SQS can keep a dead letter. */
export const DEFAULT_LIFETIME = '14d';
