import { defineSaga, defineStep } from 'waybill';
import { z } from 'zod';
import { Saga } from '../../../../lib/public/constructs.ts';
import { handlerIn } from '../../shop-app.ts';
import type { Mutant } from './mutant.ts';

const input = z.object({ id: z.string() });
const Pack = defineStep('pack', { input, retry: { attempts: 2 } });
const Dispatch = defineSaga('dispatch', { input, key: ({ id }) => id })
  .step('pack', Pack, ({ input: { id } }) => ({ id }), { within: '30s' })
  .ends();

/** Sagas whose steps have too little time. */
export const sagas: Mutant[] = [
  {
    rule: 'saga-within',
    name: 'a step that may take less than its deadline',
    options: { context: { 'waybill:subscribers': ['count-sales', 'pack', 'reserve-stock', 'start-dispatch'] } },
    mutate: ({ stack, ledger }) => {
      new Saga(stack, 'Dispatch', { ledger, saga: Dispatch, steps: { pack: { handler: handlerIn(stack, 'Pack') } } });
    },
  },
];
