import { consume } from '../../consume/consume.ts';
import { defineEvent } from '../../contract/event.ts';
import { defineSubscriber } from '../../contract/subscriber.ts';
import type { LambdaHandler } from '../../testing/lambda/index.ts';

/** What a subscriber consumed before the event type that it consumes now: nobody publishes it. */
export const FormerEvent = defineEvent('former.event', {
  schema: { '~standard': { version: 1, vendor: 'waybill', validate: (value: unknown) => ({ value }) } },
  key: () => 'former',
  businessLine: 'former',
});

/** The code of a subscriber before it came to consume what it consumes now. */
export function formerCode(subscriber: string): LambdaHandler {
  return consume(defineSubscriber(subscriber, { consumes: [FormerEvent] }), () => undefined);
}
