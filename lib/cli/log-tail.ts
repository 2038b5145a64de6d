import {
  type CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { concurrently } from '../aws/concurrently.ts';
import { errorCode } from '../aws/errors.ts';
import type { DeployedFunction } from './deployed-functions.ts';

/** A line that a function has logged. */
export interface LogEvent {
  /** The function, as `DeployedFunction` names it. */
  readonly name: string;
  /** In milliseconds since the epoch. */
  readonly time: number;
  readonly text: string;
}

/** CloudWatch Logs answers so many requests a second in an account, and no more. */
const GROUPS_AT_ONCE = 2;
/** A line may be there to be read some seconds after it was logged. */
const LATE_MS = 10_000;

/** Reads the logs of functions on and on: each call answers with what it has not answered with before, the oldest first. */
export class LogTail {
  readonly #logs: CloudWatchLogsClient;
  #groups: ReadonlyMap<string, string>;
  readonly #seen = new Map<string, number>();
  #from: number;

  /** @param from milliseconds since the epoch */
  constructor(
    logs: CloudWatchLogsClient,
    functions: readonly Pick<DeployedFunction, 'logGroup' | 'name'>[],
    from: number,
  ) {
    this.#logs = logs;
    this.#groups = new Map(functions.map(({ logGroup, name }) => [logGroup, name]));
    this.#from = from;
  }

  /** Reads the logs of these functions from now on. */
  follow(functions: readonly DeployedFunction[]): void {
    this.#groups = new Map(functions.map(({ logGroup, name }) => [logGroup, name]));
  }

  async read(): Promise<LogEvent[]> {
    const read = await concurrently(GROUPS_AT_ONCE, [...this.#groups], ([group, name]) => this.#readGroup(group, name));
    const events = read.flat().sort((one, other) => one.time - other.time);
    const newest = events.at(-1)?.time ?? 0;
    this.#from = Math.max(this.#from, newest - LATE_MS);
    for (const [key, time] of this.#seen) if (time < this.#from) this.#seen.delete(key);
    return events;
  }

  async #readGroup(logGroupName: string, name: string): Promise<LogEvent[]> {
    const events: LogEvent[] = [];
    const counts = new Map<string, number>();
    let nextToken: string | undefined;
    do {
      const page = await this.#page(logGroupName, nextToken);
      for (const { eventId, logStreamName, timestamp = 0, message = '' } of page.events ?? []) {
        const place = `${logGroupName}\n${logStreamName}\n${timestamp}\n${message}`;
        const count = counts.get(place) ?? 0;
        counts.set(place, count + 1);
        // Engines number no events: of lines that are the same, the n-th is the n-th.
        const key = eventId ?? `${place}\n${count}`;
        if (this.#seen.has(key)) continue;
        this.#seen.set(key, timestamp);
        events.push({ name, time: timestamp, text: message.trimEnd() });
      }
      ({ nextToken } = page);
    } while (nextToken);
    return events;
  }

  async #page(
    logGroupName: string,
    nextToken: string | undefined,
  ): Promise<Pick<FilterLogEventsCommandOutput, 'events' | 'nextToken'>> {
    try {
      return await this.#logs.send(new FilterLogEventsCommand({ logGroupName, startTime: this.#from, nextToken }));
    } catch (error) {
      // A function that has logged nothing yet may have no log.
      if (errorCode(error) === 'ResourceNotFoundException') return {};
      throw error;
    }
  }
}
