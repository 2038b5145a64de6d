import type { Construct } from 'constructs';
import type { AnyTable } from '../../contract/table.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { ConsumerFunction, type ConsumerFunctionProps } from '../subscriber/consumer-function.ts';
import type { PublishGrantOptions } from './grant-options.ts';
import { grantPublish } from './producer-grants.ts';

/** What a ProducerFunction takes: the props of a ConsumerFunction, what it publishes to which ledger, and its tables. */
export type ProducerFunctionProps<Tables extends readonly AnyTable[] = readonly []> = ConsumerFunctionProps &
  PublishGrantOptions<Tables> & {
    /** The ledger to which it publishes. */
    readonly ledger: ILedger;
  };

/**
 * A function that publishes from outside a consumer: behind an API, a function URL, a schedule. It is built as a
 * ConsumerFunction is, and may publish to its ledger and write the business tables that it declares, in one transaction.
 * `grantSend`, `grantPrepare` and `grantCancel` of the ledger let it do more.
 *
 * @throws InvalidConstruct when `tables` does not bind exactly what is in `writes`
 * @example
 * const placeOrder = new ProducerFunction(this, 'PlaceOrder', {
 *   entry: new URL('./functions/place-order.ts', import.meta.url),
 *   ledger,
 *   publishes: [OrderPlaced],
 *   writes: [Orders],
 *   tables: { orders: ordersTable },
 * });
 */
export class ProducerFunction<const Tables extends readonly AnyTable[] = readonly []> extends ConsumerFunction {
  constructor(scope: Construct, id: string, props: ProducerFunctionProps<Tables>) {
    const { ledger, producer, publishes, writes, tables, tableActions, ...rest } = props;
    super(scope, id, rest);
    grantPublish(ledger, this, { producer, publishes, writes, tables, tableActions });
  }
}
