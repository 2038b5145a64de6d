import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LogTail } from '../lib/cli/log-tail.ts';

/** What the functions' own summary lines add up to. */
export interface FunctionUsage {
  /** AWS calls by operation. */
  readonly calls: Record<string, number>;
  writeUnits: number;
  invocations: number;
  /** What became of records, by subscriber: `{ 'take-payment': { handled: 10, already: 1 } }`. */
  readonly outcomes: Record<string, Record<string, number>>;
}

/** Fields of a summary line that are numbers and no outcome. */
const MEASURES = ['sampling_rate', 'records', 'readUnits', 'milliseconds'];

/** Reads the one line that each invocation of a function logs, and adds them up. */
export class FunctionLogs {
  readonly usage: FunctionUsage = { calls: {}, writeUnits: 0, invocations: 0, outcomes: {} };
  readonly #tail: LogTail;

  /** @param since milliseconds since the epoch: older lines belong to an earlier run */
  constructor(groups: readonly string[], since: number) {
    this.#tail = new LogTail(new CloudWatchLogsClient({ maxAttempts: 5 }), groups.map(namedByItself), since);
  }

  /** Reads what has been logged since the last time. */
  async poll(): Promise<FunctionUsage> {
    for (const { text } of await this.#tail.read()) addLine(this.usage, text);
    return this.usage;
  }
}

const namedByItself = (logGroup: string) => ({ logGroup, name: logGroup });

/** Adds a log line, if it is a summary: Waybill's one line an invocation. */
export function addLine(usage: FunctionUsage, message: string): void {
  const { calls, writeUnits, subscriber, ...counts } = parse(message);
  if (typeof calls !== 'object' || calls === null) return;
  usage.invocations += 1;
  usage.writeUnits += Number(writeUnits) || 0;
  add(usage.calls, calls);
  for (const measure of MEASURES) delete counts[measure];
  if (typeof subscriber !== 'string') return;
  usage.outcomes[subscriber] ??= {};
  add(usage.outcomes[subscriber], counts);
}

function parse(message: string): Record<string, unknown> {
  try {
    return message.startsWith('{') && message.includes('"calls":') ? JSON.parse(message) : {};
  } catch {
    return {};
  }
}

function add(sums: Record<string, number>, counts: object): void {
  for (const [name, count] of Object.entries(counts)) {
    if (typeof count === 'number') sums[name] = (sums[name] ?? 0) + count;
  }
}
