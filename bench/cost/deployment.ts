import type { Environment } from '../../lib/aws/environment.ts';

/** What was counted so far, of the producer's code and the functions'. */
export interface Meter {
  readonly calls: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly sqsBatches: number;
}

/** A whole deployment whose calls are counted. */
export interface CountedDeployment {
  readonly producer: Environment;
  /** Its calls are not counted. */
  readonly observer: Environment;
  /** The name of the ledger's table. */
  readonly ledger: string;
  /** The time of the deployment, in milliseconds since the epoch. */
  now(): number;
  meter(): Meter;
  /** Has everything handled that was committed. */
  settle(): Promise<void>;
  /** Effects of the last subscriber, over all. */
  effects(): Promise<number>;
  close(): Promise<void>;
}
