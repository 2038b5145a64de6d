import { defineEvent, defineSubscriber } from 'waybill';
import * as z from 'zod/mini';

export const LetterPosted = defineEvent('letter.posted', {
  schema: z.object({ letterId: z.string() }),
  key: ({ letterId }) => letterId,
  businessLine: 'letters',
});

/** It does nothing: what matters is what becomes of letters that never reach it. */
export const DeliverLetter = defineSubscriber('deliver-letter', { consumes: [LetterPosted], deadline: '2s' });
