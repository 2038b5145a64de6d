import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { consume } from 'waybill/runtime';
import { publishing, type RunState, type System } from 'waybill/testing';
import * as z from 'zod/mini';
import { messageTime } from '../../lib/message/message-id.ts';

/** An offer stands for a minute, which is less than it takes to find one that was lost. */
const OfferMade = defineEvent('offer.made', {
  schema: z.object({ offerId: z.string() }),
  key: ({ offerId }) => offerId,
  businessLine: 'offers',
  lifetime: '1m',
});
const Taken = defineTable('taken', {
  item: z.object({ offerId: z.string(), times: z.int() }),
  partitionKey: 'offerId',
});
const TakeOffer = defineSubscriber('take-offer', { consumes: [OfferMade], tables: [Taken] });

/** A business whose messages expire before somebody who stands still, or was not sent them, comes to them. */
export const offers: System = {
  subscribers: [TakeOffer],
  handlers: {
    [TakeOffer.name]: consume(TakeOffer, ({ offerId }, { tx }) => {
      tx.update(Taken, { offerId }, { create: true, add: { times: 1 } });
    }),
  },
  workload: [publishing(OfferMade, { offerId: '1' }), publishing(OfferMade, { offerId: '2' })],
  invariant: takenTooLate,
};

/** A handler that began in time may end so much later, by wrong clocks and answers that come late. */
const TOO_LATE_MS = 60_000 + 17 * 60_000;

function takenTooLate({ ended }: RunState): string[] {
  return ended
    .filter(({ id, state, endedAt }) => state === 'handled' && endedAt > messageTime(id) + TOO_LATE_MS)
    .map(({ id }) => `${id} was taken long after it had expired`);
}
