import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { log2OfShards } from '../../message/message-id.ts';
import type { ReconcilerOptions } from '../framework/reconciler.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { Signing } from './signing.ts';

/** How messages that are due in more than 15 minutes wait for their moment. */
export type DelayedDelivery = 'sweep' | 'schedules';

/** What a Ledger takes. */
export interface LedgerProps {
  /**
   * The name from which the table, the relay's role, the registrar and the bucket take theirs, so that another app can
   * import the ledger by it: 3 to 24 characters of lower-case words joined by `-`.
   * @default CloudFormation chooses the names; the ledger cannot be imported by name
   */
  readonly ledgerName?: string;
  /**
   * How many shards new message ids are minted for: a power of two from 1 to 4096. The number may change later; nothing
   * moves, and the ledger itself remembers the greatest.
   * @default 16
   */
  readonly shards?: number;
  /**
   * Up to how many shards the ledger's number grows by itself: a power of two above `shards`, to 4096. Reconciliation doubles it
   * while a minute has more than 40 messages a second and shard, every ten minutes at most, and never lowers it. Where one
   * business key has most of them, more shards would not help: then `LedgerAlarms` ring.
   * @see docs/shards.md
   * @default it stays at `shards`
   */
  readonly maxShards?: number;
  /**
   * The format in which outbox rows are written: 1 plain, 2 packed, 3 packed and compressed. The deployment turns it once all
   * subscribers of the ledger's stack are there, and fails, changing nothing, while any subscriber reads less. It does so
   * when the value changes; in between, `waybill ledger format` may turn it.
   * @see docs/row-formats.md
   * @default a new ledger starts at the newest format, and any other one keeps what it has
   */
  readonly format?: number;
  /**
   * Units a second that the table takes from its first moment on, at least 4,000 writes and 12,000 reads: a new table on demand
   * takes so many, and more as it is used. A message takes 4 to 5 write units, so that 1,000 a second are the most of a new table.
   * What is above that is charged once.
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
   * @default what the table has
   */
  readonly warmThroughput?: dynamodb.WarmThroughput;
  /**
   * The customer key that encrypts the table, the bucket, queues, streams and the logs of Waybill's own functions. The
   * policy of an imported key must allow CloudWatch Logs. The stack's region must be known.
   * @default keys that AWS manages
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Whether messages are signed when they are committed, by HMAC-SHA256, so that subscribers with `verify` take no others: for
   * queues and streams into which somebody else may write. `true` makes a secret with a key; a secret of your own holds a JSON
   * object of an id and at least 32 characters for each key, the newest last. Whoever publishes reads it once when it starts.
   * @see docs/signatures.md
   * @default no message is signed
   */
  readonly signing?: Signing;
  /**
   * What happens to table, bucket and logs when the stack is deleted. A bucket that is not empty stays.
   * @default RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /** @default true, unless the removal policy is DESTROY */
  readonly deletionProtection?: boolean;
  /** How many batches of one stream shard the relay works on at once, from 1 to 10. @default 2 */
  readonly relayParallelizationFactor?: number;
  /**
   * How messages that are due in more than 15 minutes wait for their moment. Either way that may be a year ahead, and
   * they arrive within a second of it.
   *
   * - `sweep`: as sorted rows, which a function reads every minute: one write unit a message ($0.63 a million), and about
   *   $0.30 a month for the function and its reads of 16 shards, idle or not. Messages are late only once no sweep has run
   *   for ten minutes.
   * - `schedules`: the same row, and an EventBridge Scheduler schedule for each message, which fires two minutes early and
   *   deletes itself: $1 a million more (after 14 million a month), and no function runs every minute. Scheduler has quotas
   *   for how many are made a second, fire a second, and wait at a time.
   *
   * A ledger that changes its mind loses nothing: what waited for the sweep is found overdue by reconciliation, and sent
   * then; what waited for its schedule is swept.
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html
   * @default 'sweep'
   */
  readonly delayedDelivery?: DelayedDelivery;
  /**
   * The most invocations of the forwarder at once, from 2 to 1000: each holds at most 10 messages for less than a
   * second.
   * @default 50
   */
  readonly maxForwardConcurrency?: number;
  /**
   * Whether and how the ledger reconciles itself every minute: finds what is missing, sends it again, and puts the
   * metrics that `LedgerAlarms` watches.
   * @default the ledger does, with the defaults of `ReconcilerOptions`
   */
  readonly reconcile?: false | ReconcilerOptions;
  /** How long quarantined bytes are kept. @default 30 days */
  readonly quarantineRetention?: Duration;
  /** How long the logs of Waybill's own functions are kept. @default ONE_MONTH */
  readonly logRetention?: logs.RetentionDays;
}

/** The attributes that an imported ledger's name does not tell. They must say the same as the ledger's own props. */
export interface LedgerAttributes {
  /**
   * How many shards the app's own producers mint ids for. Another number than the ledger's does no harm.
   * @default 16
   */
  readonly shards?: number;
  /** Up to how many shards the ledger's number grows by itself. @default it does not */
  readonly maxShards?: number;
  /** @default keys that AWS manages */
  readonly encryptionKey?: kms.IKey;
  /** The secret of a ledger that signs its messages. @default it does not */
  readonly signingSecret?: secretsmanager.ISecret;
  /** Whether the ledger reconciles itself. @default true */
  readonly reconciles?: boolean;
}

/** @throws InvalidDefinition when no ledger can have the number of shards */
export function checkedShards(shards = 16): number {
  log2OfShards(shards);
  return shards;
}

/**
 * @throws InvalidDefinition when no ledger can have the number of shards
 * @throws InvalidConstruct when the number cannot grow to it, or nobody would have it grow
 */
export function checkedMaxShards(
  scope: IConstruct,
  {
    shards,
    maxShards,
    reconciles,
  }: { readonly shards: number; readonly maxShards?: number; readonly reconciles: boolean },
): number | undefined {
  if (maxShards === undefined) return undefined;
  log2OfShards(maxShards);
  if (maxShards <= shards) {
    throw new InvalidConstruct(
      scope,
      `\`maxShards\` is ${maxShards}, and \`shards\` is ${shards}: give more, or leave it out`,
    );
  }
  if (!reconciles) {
    throw new InvalidConstruct(
      scope,
      'Reconciliation has shards grow: leave `maxShards` out, or let the ledger reconcile itself',
    );
  }
  return maxShards;
}
