import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { WaybillError } from 'waybill';
import { type Credentials, signedHeaders } from './signature.ts';

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

/** A line may become readable a while after the moment that it is stamped with. */
const OVERLAP = 60_000;
/** Fields of a summary line that are numbers and no outcome. */
const MEASURES = new Set(['sampling_rate', 'records', 'writeUnits', 'readUnits', 'milliseconds']);

/**
 * Reads the one line that each invocation of a function logs, and adds them up. CloudWatch Logs is asked without an SDK
 * client of its own: it is the only call to that service.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export class FunctionLogs {
  readonly usage: FunctionUsage = { calls: {}, writeUnits: 0, invocations: 0, outcomes: {} };
  readonly #groups: ReadonlyMap<string, { readonly seen: Set<string>; latest: number }>;
  readonly #since: number;
  readonly #connection = connect();

  /** @param since milliseconds since the epoch: older lines belong to an earlier run */
  constructor(groups: readonly string[], since: number) {
    this.#groups = new Map(groups.map((group) => [group, { seen: new Set<string>(), latest: since }]));
    this.#since = since;
  }

  /** Reads what has been logged since the last time. */
  async poll(): Promise<FunctionUsage> {
    for (const [group, state] of this.#groups) {
      const startTime = Math.max(this.#since, state.latest - OVERLAP);
      for await (const { timestamp, message, logStreamName } of this.#events(group, startTime)) {
        state.latest = Math.max(state.latest, timestamp);
        // Not every engine gives events an id; a summary line has its own moment in it.
        const identity = `${logStreamName} ${message}`;
        if (!isSummary(message) || state.seen.has(identity)) continue;
        state.seen.add(identity);
        addLine(this.usage, message);
      }
    }
    return this.usage;
  }

  async *#events(logGroupName: string, startTime: number): AsyncGenerator<LogEvent> {
    let nextToken: string | undefined;
    do {
      const page = await this.#ask({ logGroupName, startTime, ...(nextToken && { nextToken }) });
      yield* page.events ?? [];
      nextToken = page.nextToken;
    } while (nextToken);
  }

  async #ask(input: object): Promise<{ readonly events?: readonly LogEvent[]; readonly nextToken?: string }> {
    const { url, region, credentials } = await this.#connection;
    const body = JSON.stringify(input);
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.FilterLogEvents' };
    for (let tries = 1; ; tries++) {
      const signed = signedHeaders({ method: 'POST', url, headers, body }, await credentials(), {
        service: 'logs',
        region,
        at: Date.now(),
      });
      const reply = await fetch(url, { method: 'POST', headers: signed, body });
      const text = await reply.text();
      if (reply.ok) return JSON.parse(text);
      if (text.includes('ResourceNotFoundException')) return {};
      if (tries === 5 || (reply.status < 500 && !text.includes('Throttling'))) {
        throw new LogsUnreadable(`The functions' logs cannot be read: ${reply.status} ${text.slice(0, 200)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** tries));
    }
  }
}

interface LogEvent {
  readonly logStreamName: string;
  readonly timestamp: number;
  readonly message: string;
}

/** Where CloudWatch Logs is, and whose credentials are used: as every SDK client of this process has it. */
async function connect(): Promise<{ url: URL; region: string; credentials: () => Promise<Credentials> }> {
  const { config } = new DynamoDBClient({});
  const region = await config.region();
  const { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: ofLogs, AWS_ENDPOINT_URL: ofAll } = process.env;
  const endpoint = ofLogs ?? ofAll ?? `https://logs.${region}.amazonaws.com`;
  return { url: new URL('/', endpoint), region, credentials: () => config.credentials() };
}

/** Adds a log line, if it is a summary: Waybill's one line an invocation. */
export function addLine(usage: FunctionUsage, message: string): void {
  const line = parseSummary(message);
  if (!line) return;
  usage.invocations += 1;
  usage.writeUnits += Number(line.writeUnits) || 0;
  for (const [operation, count] of Object.entries(line.calls)) {
    usage.calls[operation] = (usage.calls[operation] ?? 0) + count;
  }
  if (typeof line.subscriber !== 'string') return;
  usage.outcomes[line.subscriber] ??= {};
  const outcomes = usage.outcomes[line.subscriber] as Record<string, number>;
  for (const [name, count] of Object.entries(line)) {
    if (typeof count === 'number' && !MEASURES.has(name)) outcomes[name] = (outcomes[name] ?? 0) + count;
  }
}

function isSummary(message: string): boolean {
  return message.startsWith('{') && message.includes('"calls":');
}

function parseSummary(message: string): (Record<string, unknown> & { calls: Record<string, number> }) | undefined {
  if (!isSummary(message)) return undefined;
  try {
    const line = JSON.parse(message) as Record<string, unknown>;
    return typeof line.calls === 'object' && line.calls !== null
      ? (line as ReturnType<typeof parseSummary>)
      : undefined;
  } catch {
    return undefined;
  }
}
