import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { consume } from 'waybill/runtime';
import * as z from 'zod/mini';
import type { RunState } from '../../lib/simulator/run/run-state.ts';
import { publishing, type System, startingWith } from '../../lib/simulator/system.ts';

// An application with mistakes of its own: no certificate is given to it, and for no other reason than those.

const text = z.string().check(z.minLength(1));
const schema = z.object({ id: text });
const of = { schema, key: ({ id }: { readonly id: string }) => id, businessLine: 'mistakes' };

const ToForget = defineEvent('to.forget', of);
const ToHang = defineEvent('to.hang', of);
const ToLinger = defineEvent('to.linger', of);
const ToMisspell = defineEvent('to.misspell', of);
const row = z.object({ id: text, times: z.int() });
const Written = defineTable('written', { item: row, partitionKey: 'id' });

const Forgetful = defineSubscriber('forgetful', { consumes: [ToForget], tables: [Written], retry: { attempts: 5 } });
const Hanging = defineSubscriber('hanging', { consumes: [ToHang], retry: { attempts: 3 } });
const Lingering = defineSubscriber('lingering', { consumes: [ToLinger], tables: [Written] });
const Misspelling = defineSubscriber('misspelling', {
  consumes: [ToMisspell],
  tables: [Written],
  retry: { attempts: 3 },
});

/** A text where a number belongs, as code that is not typed gives it. */
const MANY = 'many' as unknown as number;
/** Turns after which a handler has returned. */
const LONG_AFTER = 20;
/** Messages whose handlers were let write though they had returned: nothing but this says so. */
const writtenLate = new Set<string>();

/**
 * Whose handlers forget to wait, hang, go on when they have returned, and write what the table's schema refuses. None of it takes
 * effect: such messages end dead, or, where the handler had returned, the run time says that it went on.
 */
export const careless: System = {
  subscribers: [Forgetful, Hanging, Lingering, Misspelling],
  handlers: {
    [Forgetful.name]: consume(Forgetful, ({ id }, { tx }) => {
      const write = () => tx.update(Written, { id }, { add: { times: 1 } });
      void tx.get(Written, { id }).then(write, () => undefined);
    }),
    [Hanging.name]: consume(Hanging, () => new Promise(() => undefined)),
    [Lingering.name]: consume(Lingering, (_, { tx, message }) => {
      const write = async () => {
        for (let turn = 0; turn < LONG_AFTER; turn++) await undefined;
        tx.put(Written, { id: message.id, times: 1 });
        writtenLate.add(message.id);
      };
      write().catch(() => undefined);
    }),
    [Misspelling.name]: consume(Misspelling, ({ id }, { tx }) => {
      if (id === 'put') tx.put(Written, { id, times: MANY });
      else tx.update(Written, { id }, { create: true, set: { times: MANY } });
    }),
  },
  tables: [startingWith(Written, [{ id: '1', times: 0 }])],
  workload: [
    publishing(ToForget, { id: '1' }),
    publishing(ToHang, { id: '1' }),
    publishing(ToLinger, { id: '1' }),
    publishing(ToMisspell, { id: 'put' }),
    publishing(ToMisspell, { id: 'update' }),
  ],
  invariant: (state) => [...handledWithoutEffect(state), ...lateUnrefused(state), ...refusedBySchema(state)],
};

function handledWithoutEffect({ rows, ended }: RunState): string[] {
  const written = rows(Written).find(({ id }) => id === '1')?.times;
  const handled = ended.filter(({ subscriber, state }) => subscriber === Forgetful.name && state === 'handled').length;
  return handled === written ? [] : [`${handled} messages are handled at forgetful, and ${written} have taken effect`];
}

function lateUnrefused({ committed }: RunState): string[] {
  return committed
    .filter(({ id }) => writtenLate.has(id))
    .map(({ id }) => `the handler of ${id} wrote when it had returned, and was not refused`);
}

function refusedBySchema({ rows }: RunState): string[] {
  return rows(Written)
    .filter((one) => !row.safeParse(one).success)
    .map(({ id }) => `the schema of 'written' refuses the row '${id}'`);
}
