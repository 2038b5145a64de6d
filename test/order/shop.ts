import { defineEvent } from 'waybill';
import { z } from 'zod';
import { defineSequence } from '../../lib/contract/sequence.ts';

export const Accounts = defineSequence('accounts');

const schema = z.object({ account: z.string(), cents: z.int() });

export const Deposited = defineEvent('account.deposited', {
  schema,
  key: ({ account }) => account,
  businessLine: 'accounts',
  sequence: Accounts,
});

export const Withdrawn = defineEvent('account.withdrawn', {
  schema,
  key: ({ account }) => account,
  businessLine: 'accounts',
  sequence: Accounts,
});
