import { colourOf } from './colour.ts';
import type { CommandContext } from './command-context.ts';
import type { LogEvent } from './log-tail.ts';
import { printable } from './printable.ts';

/** What Lambda itself writes of each invocation. */
const PLATFORM = /^(?:(?:START|END|REPORT) RequestId: |INIT_START )/;

const COLOURS: Readonly<Record<string, 'red' | 'yellow' | 'dim' | 'cyan'>> = {
  ...{ ERROR: 'red', CRITICAL: 'red', FATAL: 'red', WARN: 'yellow', INFO: 'cyan', DEBUG: 'dim', TRACE: 'dim' },
};
/** Fields that are the same on each line of a function, or are shown elsewhere. */
const LEFT_OUT = new Set(['level', 'message', 'timestamp', 'service', 'sampling_rate', 'cold_start', 'xray_trace_id']);

/**
 * A line of a log for people: the time, the function, the level, the message and its fields; `undefined` of what Lambda
 * itself writes of each invocation, and of metrics in the log.
 */
export function logLine({ name, time, text }: LogEvent, width: number, context: CommandContext): string | undefined {
  if (PLATFORM.test(text)) return undefined;
  const record = recordIn(text);
  if (record && '_aws' in record) return undefined;
  const clock = colourOf(context, 'dim', new Date(time).toISOString().slice(11, 23));
  const start = `${clock}  ${name.padEnd(width)}`;
  if (!record) return `${start}  ${printable(text)}`;
  const { level = '', message = '' } = record;
  const word = String(level).toUpperCase();
  const fields = Object.entries(record)
    .filter(([field, value]) => !LEFT_OUT.has(field) && value !== undefined)
    .map(([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const coloured = colourOf(context, COLOURS[word] ?? 'dim', printable(word).padEnd(5));
  const said = typeof message === 'string' ? message : JSON.stringify(message);
  const told = fields.length > 0 ? `  ${colourOf(context, 'dim', printable(fields.join(' ')))}` : '';
  return `${start}  ${coloured}  ${printable(said)}${told}`;
}

/** A structured line: Powertools' logger and Lambda's JSON format write those. */
function recordIn(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
