import {
  BINDINGS,
  createEnvelope,
  type Delay,
  deliveryTime,
  type Envelope,
  type EventDefinition,
} from '../../contract/index.ts';
import type { Bindings } from '../bindings.ts';
import type { Environment } from '../environment.ts';

/**
 * A new message of this function's producer.
 *
 * @throws InvalidPayload, LimitExceeded, InvalidDefinition when the payload or its delay cannot be sent
 */
export function newMessage(
  environment: Environment,
  { ledger, shards }: Bindings,
  event: EventDefinition,
  payload: unknown,
  delay: Delay,
): Envelope {
  const now = environment.now();
  const deliverAt = deliveryTime(delay, now);
  return createEnvelope(event, payload, {
    now,
    random: (bytes) => environment.random(bytes),
    shards,
    ledger,
    publisher: environment.variables[BINDINGS.producer] ?? 'producer',
    ...(deliverAt !== undefined && { deliverAt }),
  });
}
