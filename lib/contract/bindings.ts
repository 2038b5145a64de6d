/**
 * The environment variables by which constructs tell functions where things are. Constructs write them, the run time
 * reads them at the first invocation, and nothing else spells their names.
 */
export const BINDINGS = {
  /** The ledger's table name: also the ledger id that envelopes carry. */
  ledger: 'WAYBILL_LEDGER',
  /** How many shards new message ids are minted for. */
  shards: 'WAYBILL_SHARDS',
  /** Up to how many shards the ledger grows by itself. Absent where it does not. */
  maxShards: 'WAYBILL_MAX_SHARDS',
  /** Set where the function may read the ledger's format row, which says how it writes outbox rows. */
  formats: 'WAYBILL_FORMATS',
  /** The URL of the ledger's queue of messages to forward: handshakes, copies that a stream cannot delay, refused copies. */
  forwardQueueUrl: 'WAYBILL_FORWARD_QUEUE_URL',
  /** The URL of the queue whose consumer asks this producer for its decision on a half message. */
  checkBackQueueUrl: 'WAYBILL_CHECK_BACK_QUEUE_URL',
  /**
   * The group of the schedules, where each delayed message has a schedule of its own. The other three are set with it:
   * where a schedule sends to, as which role, and where what it could not send goes. Absent where due messages are swept.
   */
  scheduleGroup: 'WAYBILL_SCHEDULE_GROUP',
  /** The ARN of the forward queue. */
  forwardQueueArn: 'WAYBILL_FORWARD_QUEUE_ARN',
  scheduleRoleArn: 'WAYBILL_SCHEDULE_ROLE_ARN',
  scheduleDeadLetterQueueArn: 'WAYBILL_SCHEDULE_DEAD_LETTER_QUEUE_ARN',
  /** The name in the `source` of messages published outside a consumer. */
  producer: 'WAYBILL_PRODUCER',
  /** The subscriber's name. */
  subscriber: 'WAYBILL_SUBSCRIBER',
  /** The URL of the subscriber's own queue; for a stream subscriber, of its retry queue. */
  queueUrl: 'WAYBILL_QUEUE_URL',
  /** Of the recorder of an ordered subscriber: what those behind a dead message do, `block` or `skip`. Absent of others. */
  onDead: 'WAYBILL_ON_DEAD',
  /** The name of the stream that the subscriber reads; absent where it has a queue of its own. */
  streamName: 'WAYBILL_STREAM_NAME',
  /** The URL of the subscriber's dead-letter queue. */
  deadLetterQueueUrl: 'WAYBILL_DEAD_LETTER_QUEUE_URL',
  /** The bucket for bytes that SQS cannot carry. */
  quarantineBucket: 'WAYBILL_QUARANTINE_BUCKET',
  /** The URL of the queue by which the runs of a large ledger's reconciliation share its shards. Absent where one run does all. */
  reconcileQueueUrl: 'WAYBILL_RECONCILE_QUEUE_URL',
  /** The URL of the ledger's control queue, where a circuit that opens asks to be looked after. */
  controlQueueUrl: 'WAYBILL_CONTROL_QUEUE_URL',
  /** The settings of the subscriber's breaker, as JSON; absent where it has none. */
  breaker: 'WAYBILL_BREAKER',
  /** What the functions of a saga are told of it, as JSON: see `SagaSettings`. */
  saga: 'WAYBILL_SAGA',
  /** The ARN of the secret that holds the ledger's signing keys. Absent where it does not sign. */
  signingSecret: 'WAYBILL_SIGNING_SECRET',
  /** Set where the function takes no message without a signature. */
  verify: 'WAYBILL_VERIFY',
  /** Seconds after a subscriber's removal; of the reconciler. */
  abandonAfter: 'WAYBILL_ABANDON_AFTER',
} as const;

/** The environment variable that binds a business table: `WAYBILL_TABLE_STOCK_LEVELS` for `stock-levels`. */
export function tableBinding(name: string): string {
  return `WAYBILL_TABLE_${name.toUpperCase().replaceAll('-', '_')}`;
}
