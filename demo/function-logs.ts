import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SignatureV4 } from '@smithy/signature-v4';
import { WaybillError } from 'waybill';

/** What the functions' own summary lines add up to. */
export interface FunctionUsage {
  /** AWS calls by operation. */
  readonly calls: Record<string, number>;
  writeUnits: number;
  invocations: number;
  /** What became of records, by subscriber: `{ 'take-payment': { handled: 10, already: 1 } }`. */
  readonly outcomes: Record<string, Record<string, number>>;
}

/** CloudWatch Logs did not answer as it should. */
export class LogsUnreadable extends WaybillError {
  readonly code = 'logs-unreadable';
}

interface LogEvents {
  readonly events?: readonly { readonly logStreamName: string; readonly timestamp: number; readonly message: string }[];
  readonly nextToken?: string;
}

/** A line may become readable a while after the moment that it is stamped with. */
const OVERLAP = 60_000;
/** Fields of a summary line that are numbers and no outcome. */
const MEASURES = ['sampling_rate', 'records', 'readUnits', 'milliseconds'];

/**
 * Reads the one line that each invocation of a function logs, and adds them up.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export class FunctionLogs {
  readonly usage: FunctionUsage = { calls: {}, writeUnits: 0, invocations: 0, outcomes: {} };
  readonly #groups: ReadonlyMap<string, { readonly seen: Set<string>; latest: number }>;
  readonly #since: number;

  /** @param since milliseconds since the epoch: older lines belong to an earlier run */
  constructor(groups: readonly string[], since: number) {
    this.#groups = new Map(groups.map((group) => [group, { seen: new Set<string>(), latest: since }]));
    this.#since = since;
  }

  /** Reads what has been logged since the last time. */
  async poll(): Promise<FunctionUsage> {
    for (const [logGroupName, state] of this.#groups) {
      const startTime = Math.max(this.#since, state.latest - OVERLAP);
      let nextToken: string | undefined;
      do {
        const page: LogEvents = await filterLogEvents({ logGroupName, startTime, nextToken });
        for (const { timestamp, message, logStreamName } of page.events ?? []) {
          state.latest = Math.max(state.latest, timestamp);
          // Not every engine gives events an id; a summary line has its own moment in it.
          const identity = `${logStreamName} ${message}`;
          if (!isSummary(message) || state.seen.has(identity)) continue;
          state.seen.add(identity);
          addLine(this.usage, message);
        }
        nextToken = page.nextToken;
      } while (nextToken);
    }
    return this.usage;
  }
}

/** Asks without an SDK client of its own, since it is the only call to that service. */
async function filterLogEvents(input: object): Promise<LogEvents> {
  const { credentials, region, sha256 } = new DynamoDBClient({}).config;
  const signer = new SignatureV4({ credentials, region, sha256, service: 'logs' });
  const { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: ofLogs, AWS_ENDPOINT_URL: ofAll } = process.env;
  const url = new URL('/', ofLogs ?? ofAll ?? `https://logs.${await region()}.amazonaws.com`);
  const request = {
    ...{ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/', query: {} },
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.FilterLogEvents',
    },
    body: JSON.stringify(input),
  };
  for (let tries = 1; ; tries++) {
    const { headers } = await signer.sign(request);
    const reply = await fetch(url, { method: 'POST', headers, body: request.body });
    const text = await reply.text();
    if (reply.ok) return JSON.parse(text) as LogEvents;
    if (text.includes('ResourceNotFoundException')) return {};
    if (tries === 5 || (reply.status < 500 && !text.includes('Throttling'))) {
      throw new LogsUnreadable(`The functions' logs cannot be read: ${reply.status} ${text.slice(0, 200)}`);
    }
    await sleep(200 * 2 ** tries);
  }
}

/** Adds a log line, if it is a summary: Waybill's one line an invocation. */
export function addLine(usage: FunctionUsage, message: string): void {
  const { calls, writeUnits, subscriber, ...counts } = parse(message);
  if (typeof calls !== 'object' || calls === null) return;
  usage.invocations += 1;
  usage.writeUnits += Number(writeUnits) || 0;
  add(usage.calls, calls);
  if (typeof subscriber !== 'string') return;
  for (const measure of MEASURES) delete counts[measure];
  usage.outcomes[subscriber] ??= {};
  add(usage.outcomes[subscriber], counts);
}

function isSummary(message: string): boolean {
  return message.startsWith('{') && message.includes('"calls":');
}

function parse(message: string): Record<string, unknown> {
  try {
    return isSummary(message) ? JSON.parse(message) : {};
  } catch {
    return {};
  }
}

function add(sums: Record<string, number>, counts: object): void {
  for (const [name, count] of Object.entries(counts)) {
    if (typeof count === 'number') sums[name] = (sums[name] ?? 0) + count;
  }
}
