import { BINDINGS, tableBinding } from '../contract/bindings.ts';
import { MissingBinding } from '../contract/errors.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import type { AnyTable } from '../contract/table.ts';
import type { Environment } from './environment.ts';

/** Where things are, read from the environment's variables when they are first needed. */
export interface Bindings {
  readonly ledger: string;
  readonly shards: number;
  /** The DynamoDB table bound to a business table. */
  table(table: AnyTable): string;
  /** @throws MissingBinding naming the construct call that gives it */
  get(name: BoundName): string;
}

type BoundName = Exclude<
  keyof typeof BINDINGS,
  'ledger' | 'shards' | 'maxShards' | 'formats' | 'producer' | 'subscriber' | 'onDead'
>;

/** The construct call that gives a binding, where that is not a Subscriber. */
const GIVEN_BY: { readonly [Name in BoundName]?: string } = {
  forwardQueueUrl: 'call `grantSend` with the function',
  controlQueueUrl: 'give the Subscriber a `breaker`',
  checkBackQueueUrl: 'call `grantPrepare` with the function',
};

/**
 * The bindings of a function.
 *
 * @throws MissingBinding when the ledger's name or shard count is not there
 */
export function bindingsOf(environment: Environment): Bindings {
  const { variables } = environment;
  const required = (variable: string, mend: string): string => {
    const value = variables[variable];
    if (!value) throw new MissingBinding(`The environment variable ${variable} is not set: ${mend}`);
    return value;
  };
  const tables = new Map<AnyTable, string>();
  const SUBSCRIBE = 'make the function the `handler` of a Subscriber, or call `grantPublish` with it';
  return {
    ledger: required(BINDINGS.ledger, SUBSCRIBE),
    shards: Number(required(BINDINGS.shards, SUBSCRIBE)),
    table: (table) => {
      const name =
        tables.get(table) ??
        environment.tableName?.(table) ??
        required(
          tableBinding(table.name),
          `bind the table '${table.name}' in the \`tables\` of the Subscriber or of \`grantPublish\``,
        );
      tables.set(table, name);
      return name;
    },
    get: (name) => required(BINDINGS[name], GIVEN_BY[name] ?? 'make the function the `handler` of a Subscriber'),
  };
}

/**
 * The bindings of a subscriber's function, every one that it may come to need: a message must not fail for want of one.
 *
 * @throws MissingBinding naming the construct call that gives it
 */
export function consumerBindingsOf(environment: Environment, { tables }: SubscriberDefinition): Bindings {
  const bindings = bindingsOf(environment);
  for (const table of tables) bindings.table(table);
  for (const name of ['queueUrl', 'deadLetterQueueUrl', 'quarantineBucket'] as const) bindings.get(name);
  return bindings;
}
