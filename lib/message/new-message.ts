import { BINDINGS } from '../contract/bindings.ts';
import { type Delay, deliveryTime } from '../contract/delay.ts';
import type { EventDefinition } from '../contract/event.ts';
import { createEnvelope, type Envelope } from './envelope.ts';
import type { IdSource } from './with-new-id.ts';

/**
 * A new message of this function's producer.
 *
 * @throws InvalidPayload, LimitExceeded, InvalidDefinition when the payload or its delay cannot be sent
 */
export function newMessage(
  environment: IdSource & { readonly variables: Readonly<Record<string, string | undefined>> },
  { ledger, shards }: { readonly ledger: string; readonly shards: number },
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
