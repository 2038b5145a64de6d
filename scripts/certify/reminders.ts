import { type Duration, TransactionRefused } from 'waybill';
import { cancel, type Environment, producer, publish, reschedule } from 'waybill/runtime';
import { bySending, publishing, type RunStep, type WorkloadStep } from '../../lib/simulator/system.ts';
import { PEOPLE } from './people.ts';
import { ProfileKept } from './profiles.ts';

// Profiles that are sent in all the ways in which a message can wait for its moment, be sent by handshake, and be taken
// back at the very moment in which it is delivered.

interface Options {
  readonly environment: Environment;
}

/** How long before or after the moment of a message it is cancelled: a delivery takes some milliseconds. */
const MARGINS = [-60, -20, 0, 15, 30, 60, 120, 400];

/** A pause that ends close to a moment that is so many milliseconds ahead. */
async function nearly({ environment }: Options, milliseconds: number): Promise<void> {
  const [choice = 0] = environment.random(1);
  await environment.sleep(milliseconds + (MARGINS[choice % MARGINS.length] ?? 0));
}

/** Sends a profile, and does something to the message when it is about to be delivered. */
function disturbing(
  delay: Duration,
  milliseconds: number,
  disturb: (id: string, options: Options) => unknown,
): RunStep {
  return async (options) => {
    const { id } = await publish(ProfileKept, PEOPLE.cancelled, { ...options, delay });
    await nearly(options, milliseconds);
    return [id, await disturb(id, options)];
  };
}

/** A message that was sent long ago is disturbed by its id. */
function disturbingLater(disturb: (id: string, options: Options) => unknown): RunStep {
  return async ({ answer, ...options }) => {
    await nearly(options, 60);
    return disturb((answer as { readonly id: string }).id, options);
  };
}

/** Nobody can tell who is faster: what was said of either must be so. */
async function both(id: string, options: Options): Promise<unknown> {
  const outcomes = await Promise.allSettled([cancel(id, options), reschedule(id, { delay: '2s' }, options)]);
  return outcomes.map((one) => (one.status === 'fulfilled' ? one.value : undefined));
}

/** What is refused for good takes effect nowhere. */
function refusable(send: RunStep): RunStep {
  return async (options) => {
    try {
      return await send(options);
    } catch (error) {
      if (error instanceof TransactionRefused) return { refused: true };
      throw error;
    }
  };
}

const ENTRIES = [
  { event: ProfileKept, payload: PEOPLE.handshake },
  { event: ProfileKept, payload: PEOPLE.soon, delay: '20s' },
  { event: ProfileKept, payload: PEOPLE.minutes, delay: '16m' },
] as const;

/** The steps of the workload. */
export const reminders: readonly WorkloadStep[] = [
  publishing(ProfileKept, PEOPLE.soon, '5s'),
  publishing(ProfileKept, PEOPLE.minutes, '17m'),
  publishing(ProfileKept, PEOPLE.hours, '2h'),
  publishing(ProfileKept, PEOPLE.days, '2d'),
  bySending(
    ['handshake'],
    refusable((options) => producer.send(ProfileKept, PEOPLE.handshake, options)),
  ),
  bySending(
    ['handshake', 'delay', 'wait'],
    refusable((options) => producer.sendBatch(ENTRIES, options)),
  ),
  bySending(
    ['handshake', 'delay'],
    refusable(
      (options) =>
        new Promise((resolve, reject) => {
          producer.send(ProfileKept, PEOPLE.reported, { ...options, delay: '8s', onResult: resolve }).catch(reject);
        }),
    ),
  ),
  bySending(
    ['delay', 'cancel'],
    disturbing('4s', 4_000, (id, options) => cancel(id, options)),
  ),
  bySending(
    ['delay', 'reschedule'],
    disturbing('3s', 3_000, (id, options) => reschedule(id, { delay: '4s' }, options)),
  ),
  bySending(['delay', 'cancel', 'reschedule'], disturbing('4s', 4_000, both)),
  bySending(['wait', 'cancel'], (options) => publish(ProfileKept, PEOPLE.moved, { ...options, delay: '16m' }), {
    after: '16m',
    run: disturbingLater((id, options) => cancel(id, options)),
  }),
  bySending(['wait', 'reschedule'], (options) => publish(ProfileKept, PEOPLE.disputed, { ...options, delay: '2h' }), {
    after: '1m',
    run: disturbingLater((id, options) => reschedule(id, { delay: '20m' }, options)),
  }),
];
