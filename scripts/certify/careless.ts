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
const Written = defineTable('written', { item: z.object({ id: text, times: z.int() }), partitionKey: 'id' });

const Forgetful = defineSubscriber('forgetful', { consumes: [ToForget], tables: [Written], retry: { attempts: 5 } });
const Hanging = defineSubscriber('hanging', { consumes: [ToHang], retry: { attempts: 3 } });

/** Whose handlers forget to wait, and hang. Their messages end dead: none is handled without its effect. */
export const careless: System = {
  subscribers: [Forgetful, Hanging],
  handlers: {
    [Forgetful.name]: consume(Forgetful, ({ id }, { tx }) => {
      const write = () => tx.update(Written, { id }, { add: { times: 1 } });
      void tx.get(Written, { id }).then(write, () => undefined);
    }),
    [Hanging.name]: consume(Hanging, () => new Promise(() => undefined)),
  },
  tables: [startingWith(Written, [{ id: '1', times: 0 }])],
  workload: [publishing(ToForget, { id: '1' }), publishing(ToHang, { id: '1' })],
  invariant: handledWithoutEffect,
};

function handledWithoutEffect({ rows, ended }: RunState): string[] {
  const written = rows(Written).reduce((sum, { times }) => sum + times, 0);
  const handled = ended.filter(({ subscriber, state }) => subscriber === Forgetful.name && state === 'handled').length;
  return handled === written ? [] : [`${handled} messages are handled at forgetful, and ${written} have taken effect`];
}
