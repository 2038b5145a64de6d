import { BINDINGS, tableBinding } from '../contract/bindings.ts';
import { InvalidDefinition } from '../contract/errors.ts';
import { createEnvironment, type Environment } from './environment.ts';

/** Where a ledger is, for a producer that no construct tells: in a container, in a script. */
export interface ConnectLedgerOptions {
  /** The name of the ledger's DynamoDB table. */
  readonly name: string;
  /** The DynamoDB tables behind the business tables that it writes, each by its name. @default none */
  readonly tables?: Readonly<Record<string, string>>;
  /** The name in the `source` of its messages. @default 'producer' */
  readonly producer?: string;
  /** How many shards new message ids are minted for: another number than the ledger's does no harm. @default 16 */
  readonly shards?: number;
  /** The ledger's own `maxShards`, where it grows by itself. @default ids are minted for `shards` */
  readonly maxShards?: number;
  /** The ARN of the secret by which the ledger signs its messages, where it does. @default it signs none */
  readonly signingSecret?: string;
  /** The URL of the ledger's forward queue: `producer.send` needs it. @default none */
  readonly forwardQueueUrl?: string;
  /** The URL of a check-back's queue: `producer.prepare` needs it. @default none */
  readonly checkBackQueueUrl?: string;
}

const MAX_SHARDS = 4_096;

/**
 * Connects a producer outside Lambda to a ledger: give what it returns as `environment` to `publish`, `transact`, `cancel`
 * and to the functions of `producer`. Make it once a process: its clients keep their connections. Region and credentials are
 * those that the AWS SDK finds. What it may do is granted by `ledger.grantPublish(role, …)`.
 *
 * @throws InvalidDefinition when a name is missing, or the shards are no power of two
 * @example
 * const environment = connectLedger({ name: 'shop-ledger', tables: { orders: 'shop-orders' }, producer: 'import' });
 * await publish(OrderPlaced, order, { environment });
 */
export function connectLedger(options: ConnectLedgerOptions): Environment {
  const { name, tables = {}, producer, shards = 16, maxShards, signingSecret } = options;
  const { forwardQueueUrl, checkBackQueueUrl } = options;
  const named = { 'The name of the ledger': name, ...prefixed(tables) };
  for (const [what, value] of Object.entries(named)) {
    if (typeof value !== 'string' || value === '')
      throw new InvalidDefinition(`${what} is ${JSON.stringify(value)}: give the name of the DynamoDB table`);
  }
  if (!Number.isInteger(Math.log2(shards)) || shards < 1 || shards > MAX_SHARDS)
    throw new InvalidDefinition(`\`shards\` is ${shards}: give a power of two from 1 to ${MAX_SHARDS}`);
  return createEnvironment({
    ...process.env,
    [BINDINGS.ledger]: name,
    [BINDINGS.shards]: String(shards),
    [BINDINGS.formats]: 'ledger',
    ...(maxShards !== undefined && { [BINDINGS.maxShards]: String(maxShards) }),
    ...(producer && { [BINDINGS.producer]: producer }),
    ...(signingSecret && { [BINDINGS.signingSecret]: signingSecret }),
    ...(forwardQueueUrl && { [BINDINGS.forwardQueueUrl]: forwardQueueUrl }),
    ...(checkBackQueueUrl && { [BINDINGS.checkBackQueueUrl]: checkBackQueueUrl }),
    ...Object.fromEntries(Object.entries(tables).map(([table, value]) => [tableBinding(table), value])),
  });
}

function prefixed(tables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tables).map(([table, value]) => [`The table '${table}'`, value]));
}
