import { type Duration, durationToMilliseconds } from './duration.ts';
import { hasCode, InvalidDefinition, WaybillError } from './errors.ts';

/** How a message that failed is tried again. */
export interface RetryOptions {
  /** Failed attempts after which a message is dead-lettered, from 1 to 50. @default 11 */
  readonly attempts?: number;
  /** The longest wait between two attempts, from 1 second to 11 hours. @default '15m' */
  readonly longest?: Duration;
}

/** When a subscriber tries again: at once, then after 1, 3, 9, 27 … seconds up to the longest wait. */
export interface RetryPolicy {
  /** Failed attempts after which a message is dead-lettered. */
  readonly attempts: number;
  /** The longest wait, in seconds. */
  readonly longest: number;
}

/** Ten waits that grow to 15 minutes: 48 minutes together. */
const DEFAULT: Required<RetryOptions> = { attempts: 11, longest: '15m' };
const MOST_ATTEMPTS = 50;
const GROWTH = 3;

/**
 * SQS hides a message for 12 hours from its receipt on; what is left is for the invocation that receives it.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 */
export const LONGEST_WAIT_SECONDS = 11 * 3_600;

/** @throws InvalidDefinition when a number is out of range, or an option is none */
export function retryPolicy(subscriber: string, options: RetryOptions = {}): RetryPolicy {
  const strange = Object.keys(options).find((name) => !Object.hasOwn(DEFAULT, name));
  if (strange !== undefined) {
    throw new InvalidDefinition(`'${subscriber}' has a \`retry\` with '${strange}': give \`attempts\` and \`longest\``);
  }
  const { attempts = DEFAULT.attempts, longest = DEFAULT.longest } = options;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > MOST_ATTEMPTS) {
    throw new InvalidDefinition(
      `'${subscriber}' tries a message ${attempts} times: give \`retry: { attempts }\` a whole number from 1 to ${MOST_ATTEMPTS}`,
    );
  }
  const seconds = Math.floor(durationToMilliseconds(longest) / 1_000);
  if (seconds < 1 || seconds > LONGEST_WAIT_SECONDS) {
    throw new InvalidDefinition(
      `'${subscriber}' waits up to ${longest} for an attempt: give \`retry: { longest }\` from '1s' to '11h'`,
    );
  }
  return { attempts, longest: seconds };
}

/** Seconds that a message waits at most after so many failed attempts. */
export function retryWait({ longest }: RetryPolicy, attempts: number): number {
  return attempts <= 1 ? 0 : Math.min(longest, GROWTH ** (attempts - 2));
}

/** Seconds that a message waits in all, at most, before it is given up. */
export function retryHorizon(policy: RetryPolicy): number {
  return Array.from({ length: policy.attempts - 1 }, (_, failed) => retryWait(policy, failed + 1)).reduce(
    (sum, wait) => sum + wait,
    0,
  );
}

/**
 * Thrown by a handler to have its message tried again after some time, without counting an attempt: the message is well, and
 * what it needs is not there yet. It waits until it expires, at the latest.
 *
 * @example throw new RetryLater('10m', 'the price list of today is not there yet');
 */
export class RetryLater extends WaybillError {
  readonly code = 'retry-later';
  /** Seconds until the message comes again. */
  readonly seconds: number;

  /** @throws InvalidDefinition when the wait is no duration, below a second or above 11 hours */
  constructor(wait: Duration, reason = 'its handler asks for it', options?: ErrorOptions) {
    const seconds = Math.ceil(durationToMilliseconds(wait) / 1_000);
    if (seconds > LONGEST_WAIT_SECONDS) {
      throw new InvalidDefinition(`A message cannot wait for ${wait} between two attempts: give at most '11h'`);
    }
    super(`To be tried again in ${wait}: ${reason}`, options);
    this.seconds = seconds;
  }
}

/** For how many seconds what was thrown asks to wait, if it is a `RetryLater`, of this copy of the package or another. */
export function retryLaterSeconds(error: unknown): number | undefined {
  if (!hasCode(error, 'retry-later')) return undefined;
  const { seconds } = error as Partial<RetryLater>;
  return typeof seconds === 'number' && seconds >= 1 ? Math.min(seconds, LONGEST_WAIT_SECONDS) : undefined;
}
