import type { Clients } from './clients.ts';
import type { Scratch } from './scratch.ts';

/** What an engine must have for a case to be asked of it. An engine without it does not support the case. */
export const FEATURES = [
  'dynamodb',
  'dynamodb-streams',
  'dynamodb-ttl',
  'sqs',
  'sqs-fifo',
  'kinesis',
  'kinesis-read',
  'kinesis-reshard',
  'lambda',
  'step-functions',
  'events',
  'scheduler',
] as const;

export type Feature = (typeof FEATURES)[number];

/**
 * One thing that AWS documents, in a form that any engine can be asked: AWS is the reference, so an engine for which
 * `run` throws is wrong.
 */
export interface Case {
  /** The promise, e.g. `a batch of 11 entries is refused`. Unique within its service. */
  readonly name: string;
  /** The page on which it stands. */
  readonly cites: `https://docs.aws.amazon.com/${string}`;
  readonly needs: readonly Feature[];
  /** How long it may take, in seconds. @default 40 */
  readonly seconds?: number;
  /** Why it is only asked on request: it waits for minutes. */
  readonly slow?: string;
  /** Why it cannot be asked of the real AWS. */
  readonly notOnAws?: string;
  run(aws: Clients, scratch: Scratch): Promise<void>;
}

/** The cases of one service. */
export interface Suite {
  /** E.g. `sqs-fifo`: the first half of a case's id. */
  readonly service: string;
  readonly title: string;
  readonly cases: readonly Case[];
}

/** E.g. `sqs: an empty batch is refused`. */
export function caseId(suite: Suite, one: Case): string {
  return `${suite.service}: ${one.name}`;
}
