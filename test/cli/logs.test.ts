import type { FilteredLogEvent, FilterLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { capturedContext } from './captured-context.ts';
import { deployed } from './deployed-ledgers.ts';

const NOW = Date.now();
const BOUND = { WAYBILL_LEDGER: 'Shop' };
const FUNCTIONS = [
  { ...BOUND, FunctionName: 'Pay', LogGroup: 'pay', WAYBILL_SUBSCRIBER: 'take-payment', WAYBILL_QUEUE_URL: 'q' },
  { ...BOUND, FunctionName: 'Place', LogGroup: 'place', WAYBILL_PRODUCER: 'place-order' },
  { ...BOUND, FunctionName: 'Relay', LogGroup: 'relay' },
  { ...BOUND, FunctionName: 'Recorder', LogGroup: 'recorder', WAYBILL_SUBSCRIBER: 'take-payment' },
  { WAYBILL_LEDGER: 'Other', FunctionName: 'Else', LogGroup: 'else', WAYBILL_PRODUCER: 'else' },
];

beforeEach(() => {
  const before = { ...process.env };
  onTestFinished(() => {
    vi.unstubAllEnvs();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
});

type Events = Record<string, FilteredLogEvent[]>;

/** Log groups whose events come two a page, as CloudWatch Logs cuts them. */
async function logsOf(groups: Events, asked: FilterLogEventsCommandInput[] = []) {
  const logs = (input: FilterLogEventsCommandInput) => {
    asked.push(input);
    const { logGroupName = '', startTime = 0, nextToken = '0' } = input;
    const events = groups[logGroupName]?.filter(({ timestamp = 0 }) => timestamp >= startTime);
    const start = Number(nextToken);
    const rest = events !== undefined && events.length > start + 2;
    return events && { events: events.slice(start, start + 2), ...(rest && { nextToken: String(start + 2) }) };
  };
  vi.stubEnv('AWS_ENDPOINT_URL', await deployed({ functions: FUNCTIONS, tables: { Shop: undefined }, logs }));
}

async function waybill(...parameters: string[]) {
  const context = capturedContext({ ...process.env });
  const exitCode = await run([...parameters, '--ledger', 'Shop'], context);
  return { exitCode, stdout: context.stdout(), stderr: context.stderr() };
}

let streams = 0;
const event = (age: number, message: string, logStreamName = `stream-${streams++}`): FilteredLogEvent => ({
  timestamp: NOW - age,
  message,
  logStreamName,
});

const groups = (): Events => ({
  pay: [
    event(5_000, 'START RequestId: 1 Version: $LATEST\n'),
    event(
      4_000,
      '{"level":"WARN","message":"retried","timestamp":"x","service":"waybill","attempts":2,"code":"Boom"}\n',
    ),
    event(1_000, '{"_aws":{"Timestamp":1},"handled":1}\n'),
    event(1_000, 'END RequestId: 1\n'),
  ],
  place: [event(3_000, 'plain \u001b[2J text'), event(700_000, 'long ago')],
  relay: [event(2_000, '{"level":"INFO","message":"relayed"}')],
});

test('waybill logs prints what subscribers and producers logged, in the order of time, in words', async () => {
  await logsOf(groups());
  const { exitCode, stdout } = await waybill('logs');
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}take-payment {2}WARN {3}retried {2}attempts=2 code=Boom$/);
  expect(lines[1]).toMatch(/ {2}place-order {3}plain .\[2J text$/);
  expect(stdout).not.toContain('\u001b');
});

test('a name chooses functions, --framework adds the framework, --since looks back, --json leaves lines as they are', async () => {
  await logsOf(groups());
  expect((await waybill('logs', 'place-order', '--since', '1h')).stdout.trimEnd().split('\n')).toHaveLength(2);
  expect((await waybill('logs', 'Relay')).stdout).toMatch(/ {2}Relay {2}INFO {3}relayed\n$/);
  expect((await waybill('logs', '--framework')).stdout).toContain('relayed');
  const json = (await waybill('logs', 'take-payment', '--json')).stdout.trimEnd().split('\n');
  expect(json.map((line) => JSON.parse(line))).toEqual([
    { name: 'take-payment', time: NOW - 5_000, text: 'START RequestId: 1 Version: $LATEST' },
    expect.objectContaining({ time: NOW - 4_000 }),
    { name: 'take-payment', time: NOW - 1_000, text: '{"_aws":{"Timestamp":1},"handled":1}' },
    { name: 'take-payment', time: NOW - 1_000, text: 'END RequestId: 1' },
  ]);
});

test('an unknown name is refused with the names that there are', async () => {
  await logsOf(groups());
  expect(await waybill('logs', 'paiment')).toMatchObject({
    exitCode: 1,
    stderr:
      "error: There is no subscriber, producer or function 'paiment' at this ledger: there are place-order, take-payment\n",
  });
});

test('--follow prints each line once, also one that comes late, and ends with Ctrl-C', async () => {
  const all = groups();
  const asked: FilterLogEventsCommandInput[] = [];
  await logsOf(all, asked);
  const context = capturedContext({ ...process.env });
  const following = run(['logs', 'take-payment', '--follow', '--json', '--ledger', 'Shop'], context);
  const texts = () =>
    context
      .stdout()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).text);
  await expect.poll(() => texts().length, { timeout: 20_000 }).toBe(4);
  const twice = [event(0, 'the same', 'one'), event(0, 'the same', 'one')];
  all.pay?.push(event(500, 'in time'), event(2_500, 'late'), ...twice);
  await expect.poll(() => texts().length, { timeout: 20_000 }).toBe(8);
  const rounds = asked.length;
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBeGreaterThan(rounds + 3);
  process.emit('SIGINT');
  expect(await following).toBe(0);
  expect(texts().slice(4)).toEqual(['late', 'in time', 'the same', 'the same']);
});
