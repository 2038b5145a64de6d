import { environmentOf } from '../aws/environment.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { withEveryShard } from '../ledger/shards.ts';
import { findRedrive, redriveOf, resumeStopped, startRedrive, stopRunning } from './operation.ts';
import type { Redrive, RedriveOptions } from './redrive-options.ts';

export type { Redrive, RedriveOptions } from './redrive-options.ts';

/**
 * Sends what is dead at a subscriber again, in waves: a canary first, and twice as many each time that a whole wave has
 * ended well. A single failed attempt is a relapse; too many of them stop it, with an alarm, and whatever was not sent stays
 * as it is. What dies after its start is not part of it. It is carried out by the ledger's forwarder, goes on when that is
 * killed, and one runs at a subscriber at a time. When it is done, the letters of what has ended are taken out of the
 * dead-letter queue.
 *
 * @returns the redrive as it has begun: `readRedrive` tells how it goes
 * @throws RedriveRefused when the subscriber is not there, or a redrive runs there
 * @throws InvalidDefinition when an option is out of its range
 * @throws MissingBinding when the function was not given to `grantRedrive`
 * @example const { operation } = await redrive(ReserveStock, { cause: '7f3a0b1c', maxRate: 100 });
 */
export async function redrive(
  subscriber: Pick<SubscriberDefinition, 'name'>,
  options: RedriveOptions = {},
): Promise<Redrive> {
  return startRedrive(await ledgerIn(options), subscriber.name, options);
}

/** Where a redrive is found. */
export type RedrivePlace = Pick<RedriveOptions, 'environment'>;

/**
 * How a redrive goes.
 *
 * @throws UnknownRedrive when there is none of that name
 */
export async function readRedrive(operation: string, options: RedrivePlace = {}): Promise<Redrive> {
  return redriveOf(await findRedrive(await ledgerIn(options), operation));
}

/**
 * Stops a redrive: no further wave goes out. What is out already is handled as ever.
 *
 * @throws UnknownRedrive when there is none of that name
 */
export async function stopRedrive(operation: string, options: RedrivePlace = {}): Promise<Redrive> {
  return stopRunning(await ledgerIn(options), operation);
}

/**
 * Has a redrive that was stopped go on where it stood, with a canary again.
 *
 * @throws UnknownRedrive when there is none of that name
 * @throws RedriveRefused when another one runs at its subscriber
 */
export async function resumeRedrive(operation: string, options: RedrivePlace = {}): Promise<Redrive> {
  return resumeStopped(await ledgerIn(options), operation);
}

function ledgerIn({ environment = environmentOf() }: RedrivePlace): Promise<Ledger> {
  return withEveryShard(ledgerOf(environment));
}
