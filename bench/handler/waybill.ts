import { BINDINGS, type EventDefinition, tableBinding } from 'waybill';
import { createEnvironment, ENVIRONMENT, type Environment } from 'waybill/runtime';
import { OrderPlaced, StockReserved } from '../../examples/commerce/contract.ts';
import { handler as noteShipping } from '../../examples/commerce/functions/note-shipping.ts';
import { handler as takePayment } from '../../examples/commerce/functions/take-payment.ts';
import { createEnvelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { lambdaContext } from './sqs-batch.ts';
import type { StubbedAws } from './stubbed-aws.ts';
import { type MeasuredHandler, orderPlaced, stockReserved, type Work } from './workload.ts';

const LEDGER = 'Commerce-Ledger-1V9WQ0';
const SHARDS = 16;

/** The example shop's own handlers, on an environment that is real but for its network and its output. */
export function waybillHandlers({ dynamodb, calls }: StubbedAws): MeasuredHandler {
  const environment = {
    ...createEnvironment({
      [BINDINGS.ledger]: LEDGER,
      [BINDINGS.shards]: String(SHARDS),
      [BINDINGS.queueUrl]: 'https://sqs.us-east-1.amazonaws.com/000000000000/queue',
      [BINDINGS.deadLetterQueueUrl]: 'https://sqs.us-east-1.amazonaws.com/000000000000/dead-letters',
      [BINDINGS.quarantineBucket]: 'quarantine',
      [tableBinding('orders')]: 'Commerce-Orders-8F2K',
      [tableBinding('payments')]: 'Commerce-Payments-8F2K',
      [tableBinding('shipping-notes')]: 'Commerce-ShippingNotes-8F2K',
    }),
    dynamodb,
    log: { info: () => undefined, warn: failOnWarning, error: failOnWarning },
    metrics: { count: () => undefined, flush: () => undefined },
  } satisfies Environment;
  const context = Object.assign(lambdaContext(), { [ENVIRONMENT]: environment });
  return {
    name: 'Waybill',
    body: (work, number) => envelopeText(environment, work, number),
    handlers: {
      'one business write': (event) => noteShipping(event, context),
      'a payment': (event) => takePayment(event, context),
    },
    calls,
  };
}

/** The envelope as the relay sends it. */
function envelopeText(environment: Environment, work: Work, number: number): string {
  const [event, payload]: [EventDefinition, unknown] =
    work === 'a payment' ? [OrderPlaced, orderPlaced(number)] : [StockReserved, stockReserved(number)];
  const envelope = createEnvelope(event, payload, {
    now: environment.now(),
    random: (bytes) => environment.random(bytes),
    shards: SHARDS,
    ledger: LEDGER,
    publisher: 'shop',
  });
  return encodeEnvelope({ ...envelope, relayed: new Date(environment.now() + 20).toISOString() });
}

/** Something went wrong in a handler that is meant to succeed: its time would mean nothing. */
function failOnWarning(message: string, fields: unknown): never {
  throw new Error(`${message}: ${JSON.stringify(fields)}`);
}
