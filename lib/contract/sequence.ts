import { InvalidDefinition } from './errors.ts';

/** An order in which messages of several event types take effect: one for each business key, or one for all. */
export interface SequenceDefinition<Name extends string = string> {
  /** Lower-case words joined by `-`, e.g. `orders`. */
  readonly name: Name;
  /** `key`: the messages of each business key have an order of their own. `global`: all messages have one. */
  readonly scope: 'key' | 'global';
}

/** What `defineSequence` takes besides the name. */
export interface SequenceOptions {
  /**
   * One order for all messages, whatever their keys. One row of the ledger counts them, so that at most 100 messages a second
   * can be published, and one is handled at a time.
   * @default an order for each business key
   */
  readonly scope?: 'global';
}

const SEQUENCE_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/**
 * Declares an order: events that name it are numbered when they commit, for each business key, and subscribers with `ordered`
 * handle the messages of a key by their numbers, whatever fails.
 *
 * @throws InvalidDefinition when the name cannot be an identity, or the scope is none
 * @example
 * const Orders = defineSequence('orders');
 * const OrderPlaced = defineEvent('order.placed', { schema, key, businessLine: 'orders', sequence: Orders });
 * const OrderPaid = defineEvent('order.paid', { schema, key, businessLine: 'orders', sequence: Orders });
 */
export function defineSequence<const Name extends string>(
  name: Name,
  { scope }: SequenceOptions = {},
): SequenceDefinition<Name> {
  if (typeof name !== 'string' || !SEQUENCE_NAME.test(name) || name.length > 48) {
    throw new InvalidDefinition(
      `'${name}' is not a sequence name: give at most 48 characters of lower-case words joined by '-'`,
    );
  }
  if (scope !== undefined && scope !== 'global') {
    throw new InvalidDefinition(
      `The sequence '${name}' has the scope '${scope}': give 'global', or nothing for an order for each key`,
    );
  }
  return { name, scope: scope ?? 'key' };
}

/** What an event has whose messages are numbered. */
export type Sequenced<Sequence> = Sequence extends SequenceDefinition ? { readonly sequence: Sequence } : unknown;

/** How the evidence of a message begins that waits for its turn in the order of its key. */
export const PARKED_BEHIND = 'parked behind';
