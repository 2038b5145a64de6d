import { defineEvent, defineSubscriber, defineTable, RetryLater } from 'waybill';
import { consume, transact } from 'waybill/runtime';
import { publishing, type RunState, type RunStep, type System } from 'waybill/testing';
import * as z from 'zod/mini';

const notice = {
  schema: z.object({ noticeId: z.string() }),
  key: ({ noticeId }: { readonly noticeId: string }) => noticeId,
  businessLine: 'notices',
};
const NoticePosted = defineEvent('notice.posted', notice);
const NoticeDue = defineEvent('notice.due', notice);
const Sent = defineTable('sent', {
  item: z.object({ by: z.string(), noticeId: z.string(), times: z.int() }),
  partitionKey: 'by',
  sortKey: 'noticeId',
});
const Mail = defineSubscriber('mail', { consumes: [NoticePosted], tables: [Sent] });
const Print = defineSubscriber('print', { consumes: [NoticePosted], tables: [Sent] });
const Remind = defineSubscriber('remind', { consumes: [NoticeDue], tables: [Sent] });
/** Whoever is reminded of it asks to be reminded later. */
const LATER = 'later';

const sending = (subscriber: typeof Mail | typeof Print) =>
  consume(subscriber, ({ noticeId }, { tx }) => {
    tx.update(Sent, { by: subscriber.name, noticeId }, { create: true, add: { times: 1 } });
  });

/** Posts notices in one transaction. Each has a number of its own. */
const posting =
  (count: number): RunStep =>
  async ({ environment }) => {
    const notices = Array.from({ length: count }, () => Buffer.from(environment.random(6)).toString('hex'));
    const { ids } = await transact(
      (tx) => {
        for (const noticeId of notices) tx.publish(NoticePosted, { noticeId });
      },
      { environment },
    );
    return ids;
  };

/**
 * A business that posts so much at once that a queue which loses it is healed for minutes: as long as one subscriber alone would
 * take, however many have lost it. In the queue of one of them something rests most of the time.
 */
export const notices: System = {
  subscribers: [Mail, Print, Remind],
  handlers: {
    [Mail.name]: sending(Mail),
    [Print.name]: sending(Print),
    [Remind.name]: consume(Remind, ({ noticeId }, { tx, message }) => {
      if (noticeId === LATER && message.attempt === 1) throw new RetryLater('620s');
      tx.put(Sent, { by: Remind.name, noticeId: message.id, times: 1 });
    }),
  },
  workload: [
    posting(1),
    posting(36),
    publishing(NoticeDue, { noticeId: LATER }),
    publishing(NoticeDue, { noticeId: LATER }, '2m'),
    publishing(NoticeDue, { noticeId: '1' }, '30s'),
    publishing(NoticeDue, { noticeId: '2' }, '60s'),
  ],
  invariant: sentTwice,
  bound: '8m',
};

function sentTwice({ rows }: RunState): string[] {
  return rows(Sent)
    .filter(({ times }) => times !== 1)
    .map(({ by, noticeId, times }) => `'${noticeId}' was sent ${times} times by ${by}`);
}
