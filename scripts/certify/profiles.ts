import { defineEvent, defineSubscriber, defineTable, LimitExceeded } from 'waybill';
import { consume, publish } from 'waybill/runtime';
import * as z from 'zod/mini';
import type { RunState } from '../../lib/simulator/run/run-state.ts';
import { publishing, type System, withTrait } from '../../lib/simulator/system.ts';
import { NAMES as REMINDED } from './people.ts';

// Customers' profiles, beside the shop: an event of which two versions are under way at once, from producers of either
// version to subscribers whose code is of either, on a queue and on a stream.

const text = z.string().check(z.minLength(1));

const ProfileKeptV1 = defineEvent('profile.kept', {
  schema: z.object({ customerId: text, name: text }),
  key: (profile) => profile.customerId,
  businessLine: 'customers',
});

/** A customer has a profile. */
export const ProfileKept = defineEvent('profile.kept', {
  version: 2,
  schema: z.object({ customerId: text, given: text, family: text }),
  key: (profile) => profile.customerId,
  businessLine: 'customers',
  upgrades: { from: ProfileKeptV1, by: ({ customerId, name }) => ({ customerId, ...parted(name) }) },
});

const Profiles = defineTable('profiles', {
  item: z.object({ customerId: text, given: text, family: text, copies: z.int() }),
  partitionKey: 'customerId',
});

/** How many profiles there are by the first letter of the family's name. */
const Initials = defineTable('initials', {
  item: z.object({ initial: text, profiles: z.int() }),
  partitionKey: 'initial',
});

const KeepProfile = defineSubscriber('keep-profile', { consumes: [ProfileKept], tables: [Profiles] });
const CountInitials = defineSubscriber('count-initials', { consumes: [ProfileKept], tables: [Initials] });
/** Those that succeed them. */
const StoreProfile = defineSubscriber('store-profile', { consumes: [ProfileKept], tables: [Profiles] });
const TallyInitials = defineSubscriber('tally-initials', { consumes: [ProfileKept], tables: [Initials] });
const KeepProfileV1 = defineSubscriber('keep-profile', { consumes: [ProfileKeptV1], tables: [Profiles] });
const CountInitialsV1 = defineSubscriber('count-initials', { consumes: [ProfileKeptV1], tables: [Initials] });

/** An outbox row holds less: it is refused before it is sent. */
const LETTERS_ABOVE_THE_LIMIT = 400_000;

/** The subscribers, their code before and after the deploy, and the producers of both versions. */
export const profiles = {
  subscribers: [KeepProfile, CountInitials],
  onStream: CountInitials,
  handlers: {
    [KeepProfile.name]: keeping(KeepProfile),
    [CountInitials.name]: counting(CountInitials),
  },
  successors: {
    [KeepProfile.name]: { subscriber: StoreProfile, handler: keeping(StoreProfile) },
    [CountInitials.name]: { subscriber: TallyInitials, handler: counting(TallyInitials) },
  },
  previous: {
    [KeepProfile.name]: consume(KeepProfileV1, ({ customerId, name }, { tx }) => {
      tx.update(Profiles, { customerId }, { create: true, set: parted(name), add: { copies: 1 } });
    }),
    [CountInitials.name]: consume(CountInitialsV1, ({ name }, { tx }) => {
      tx.update(Initials, { initial: parted(name).family.slice(0, 1) }, { create: true, add: { profiles: 1 } });
    }),
  },
  workload: [
    publishing(ProfileKeptV1, { customerId: 'ada', name: 'Ada Lovelace' }),
    publishing(ProfileKept, { customerId: 'grace', given: 'Grace', family: 'Hopper' }),
    withTrait('over-limit', async (options) => {
      const given = 'x'.repeat(LETTERS_ABOVE_THE_LIMIT);
      const refusal = await publish(ProfileKept, { customerId: 'huge', given, family: 'Y' }, options).catch(
        (error: unknown) => error,
      );
      // Whatever else is wrong at the time, it is refused before anything is sent.
      if (!(refusal instanceof LimitExceeded)) throw new Error('A payload above the limit was not refused');
    }),
  ],
  invariant: auditProfiles,
} satisfies Partial<System> & { readonly onStream: System['subscribers'][number] };

function keeping(subscriber: typeof KeepProfile | typeof StoreProfile) {
  return consume(subscriber, ({ customerId, given, family }, { tx }) => {
    tx.update(Profiles, { customerId }, { create: true, set: { given, family }, add: { copies: 1 } });
  });
}

function counting(subscriber: typeof CountInitials | typeof TallyInitials) {
  return consume(subscriber, ({ family }, { tx }) => {
    tx.update(Initials, { initial: family.slice(0, 1) }, { create: true, add: { profiles: 1 } });
  });
}

/** Each profile that was handled has been written once, whatever version it came in. */
function auditProfiles({ rows, committed, ended }: RunState): string[] {
  const sent = committed.filter(({ type }) => type === ProfileKept.type);
  const handled = (subscriber: string) =>
    ended.filter((one) => one.subscriber === subscriber && one.state === 'handled');
  const wrong: string[] = [];
  for (const { customerId, given, family, copies } of rows(Profiles)) {
    const times = handled(KeepProfile.name).filter(({ payload }) => idIn(payload) === customerId).length;
    if (`${given} ${family}` !== NAMES.get(customerId))
      wrong.push(`the profile of ${customerId} says ${given} ${family}`);
    if (times !== copies)
      wrong.push(`the profile of ${customerId} was written ${copies} times, and handled ${times} times`);
  }
  const counted = rows(Initials).reduce((sum, row) => sum + row.profiles, 0);
  const due = handled(CountInitials.name).length;
  if (counted !== due) wrong.push(`${counted} profiles are counted, and ${due} were handled`);
  if (sent.some(({ payload }) => idIn(payload) === 'huge')) wrong.push('a payload above the limit was committed');
  return wrong;
}

const NAMES = new Map([...REMINDED, ['ada', 'Ada Lovelace'], ['grace', 'Grace Hopper']]);

function idIn(payload: unknown): string {
  return (payload as { readonly customerId: string }).customerId;
}

function parted(name: string): { readonly given: string; readonly family: string } {
  const [given = '', family = ''] = name.split(' ');
  return { given, family };
}
