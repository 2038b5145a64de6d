import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { consume, transact } from 'waybill/runtime';
import type { RunState, RunStep, System } from 'waybill/testing';
import * as z from 'zod/mini';

const NoticePosted = defineEvent('notice.posted', {
  schema: z.object({ noticeId: z.string() }),
  key: ({ noticeId }) => noticeId,
  businessLine: 'notices',
});
const Sent = defineTable('sent', {
  item: z.object({ by: z.string(), noticeId: z.string(), times: z.int() }),
  partitionKey: 'by',
  sortKey: 'noticeId',
});
const Mail = defineSubscriber('mail', { consumes: [NoticePosted], tables: [Sent] });
const Print = defineSubscriber('print', { consumes: [NoticePosted], tables: [Sent] });

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
 * take, however many have lost it.
 */
export const notices: System = {
  subscribers: [Mail, Print],
  handlers: { [Mail.name]: sending(Mail), [Print.name]: sending(Print) },
  workload: [posting(1), posting(36)],
  invariant: sentTwice,
  bound: '8m',
};

function sentTwice({ rows }: RunState): string[] {
  return rows(Sent)
    .filter(({ times }) => times !== 1)
    .map(({ by, noticeId, times }) => `'${noticeId}' was sent ${times} times by ${by}`);
}
