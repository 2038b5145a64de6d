import { describe, expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { halfTree, traceTree } from '../../lib/cli/trace-tree.ts';
import type { TracedHalf } from '../../lib/trace/trace-half.ts';
import type { TracedDelivery, TracedMessage } from '../../lib/trace/traced-message.ts';
import { capturedContext } from './captured-context.ts';

const NOW = Date.parse('2026-11-23T08:15:00Z');
const COMMITTED = Date.parse('2026-11-23T08:14:00.250Z');
const ID = '01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f';

function message(subscribers: readonly TracedDelivery[], change: Partial<TracedMessage> = {}): TracedMessage {
  return {
    id: ID,
    type: 'order.placed',
    businessLine: 'orders',
    key: 'order-7',
    committed: COMMITTED,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    subscribers,
    ...change,
  };
}

function handled(change: Partial<TracedDelivery> = {}): TracedDelivery {
  return {
    subscriber: 'payment',
    state: 'handled',
    relayed: COMMITTED + 40,
    received: COMMITTED + 52,
    ended: COMMITTED + 81,
    attempts: 2,
    function: 'Shop-payment',
    request: 'request-1',
    published: [],
    ...change,
  };
}

const drawn = (traced: TracedMessage, width?: number) => traceTree(traced, { now: NOW, ...(width && { width }) });

describe('the tree of a trace', () => {
  test('shows each hop with its gap to the one before, the attempts, the function and its request', () => {
    expect(drawn(message([handled()]))).toEqual([
      `order.placed  ${ID}`,
      '│  key order-7, orders, committed 2026-11-23T08:14:00.250Z, trace 0af7651916cd43dd8448eb211c80319c',
      '└─ payment  ✓ handled',
      '      relayed +40 ms, received +12 ms, ended +29 ms, 81 ms in all, 2 deliveries',
      '      by Shop-payment, request request-1',
    ]);
  });

  test('hangs what a handler published below its subscriber, and keeps the trunk of those that follow', () => {
    const stock = message([{ subscriber: 'stock', state: 'inFlight', relayed: COMMITTED + 59_000, published: [] }], {
      id: 'child',
      type: 'order.paid',
      committed: COMMITTED + 58_750,
    });
    expect(drawn(message([handled({ published: [stock] }), handled({ subscriber: 'sales' })]))).toEqual([
      `order.placed  ${ID}`,
      expect.stringContaining('key order-7'),
      '├─ payment  ✓ handled',
      expect.stringMatching(/^│ {2}│ {2}relayed/),
      expect.stringMatching(/^│ {2}│ {2}by Shop-payment/),
      '│  └─ order.paid  child',
      expect.stringMatching(/^│ {5}│ {2}key order-7/),
      '│     └─ stock  → in flight',
      '│           relayed +250 ms, committed 1.0 s ago',
      '└─ sales  ✓ handled',
      expect.stringMatching(/^ {6}relayed/),
      expect.stringMatching(/^ {6}by Shop-payment/),
    ]);
  });

  test('says where a missing message stopped, since when it is overdue, and what says so', () => {
    const missing: TracedDelivery = {
      subscriber: 'sales',
      state: 'missing',
      hop: 'relay',
      evidence: "no receipt says that it was sent to 'sales'",
      overdueMs: 49_750,
      published: [],
    };
    expect(drawn(message([missing])).slice(2)).toEqual([
      '└─ sales  ! MISSING at the relay, overdue by 49.7 s',
      '      committed 59.7 s ago',
      "      no receipt says that it was sent to 'sales'",
    ]);
  });

  test('says why a message was dead-lettered, and that nobody expects one', () => {
    const dead = handled({ state: 'dead', reason: 'rejected' });
    expect(drawn(message([dead])).join('\n')).toContain('payment  ✗ dead-lettered: rejected');
    expect(drawn(message([])).join('\n')).toContain('nobody expects it');
  });

  test('says of a message that waits when it is due, and in how long', () => {
    const due = NOW + 3 * 86_400_000 + 4 * 3_600_000;
    const waiting: TracedDelivery = { subscriber: 'sales', state: 'scheduled', due, published: [] };
    expect(drawn(message([waiting], { due })).slice(2)).toEqual([
      '│  due 2026-11-26T12:15:00.000Z, in 3 d 4 h',
      '└─ sales  ↻ scheduled, due in 3 d 4 h',
      '      committed 59.7 s ago',
    ]);
    const resting: TracedDelivery = { subscriber: 'sales', state: 'scheduled', published: [] };
    expect(drawn(message([resting])).join('\n')).toContain('failed, resting until its next attempt');
  });

  test('says of a delayed message how long after its moment it ended', () => {
    const lines = drawn(message([handled({ ended: COMMITTED + 60_250 })], { due: COMMITTED + 60_000 }));
    expect(lines.join('\n')).toContain('1 min 0 s in all, 250 ms after its moment, 2 deliveries');
  });

  test('says that a message was cancelled, by whom, and that nobody received it', () => {
    const cancelled: TracedDelivery = {
      subscriber: 'sales',
      state: 'cancelled',
      ended: COMMITTED + 5_000,
      function: 'web-shop',
      published: [],
    };
    expect(drawn(message([cancelled], { cancelled: COMMITTED + 5_000, due: NOW + 60_000 })).slice(2)).toEqual([
      '│  cancelled 2026-11-23T08:14:05.250Z',
      '└─ sales  ⊘ cancelled',
      '      ended +5.0 s, 5.0 s in all',
      '      by web-shop',
    ]);
  });

  test('hangs the message in its place below one that was rescheduled', () => {
    const replacedBy = message([{ subscriber: 'sales', state: 'inFlight', published: [] }], { id: 'later' });
    const lines = drawn(message([], { cancelled: COMMITTED + 5_000, replacedBy }));
    expect(lines.slice(2)).toEqual([
      '│  rescheduled 2026-11-23T08:14:05.250Z',
      '└─ in its place: order.placed  later',
      expect.stringContaining('key order-7'),
      '   └─ sales  → in flight',
      expect.stringContaining('committed 59.7 s ago'),
    ]);
  });

  test('says that a handshake is pending', () => {
    const lines = drawn(message([{ subscriber: 'sales', state: 'inFlight', published: [] }], { handshake: 'pending' }));
    expect(lines[2]).toBe('│  handshake pending: its producer has not sent it');
    expect(drawn(message([handled()], { handshake: 'sent' })).join('')).not.toContain('handshake');
  });

  test('is cut to the width of the terminal, and only then', () => {
    const traced = message([handled({ function: 'f'.repeat(300) })]);
    for (const line of drawn(traced, 40)) expect(line.length).toBeLessThanOrEqual(40);
    expect(drawn(traced, 40).join('\n')).toContain('…');
    expect(drawn(traced).join('\n')).toContain('f'.repeat(300));
  });

  test('shows what would steer the terminal as marks', () => {
    const lines = drawn(message([], { key: 'red\u001b[31m\r\nal\u2028er\u2029t' }));
    for (const steering of ['\u001b', '\r', '\n', '\u2028', '\u2029']) expect(lines.join('')).not.toContain(steering);
    expect(lines[1]).toContain('red�[31m��al\u{fffd}er\u{fffd}t');
  });
});

describe('the tree of a half message', () => {
  const half: TracedHalf = {
    half: ID,
    state: 'prepared',
    type: 'order.placed',
    businessLine: 'orders',
    key: 'order-7',
    transaction: 'debit-1',
    prepared: COMMITTED,
  };
  const drawnHalf = (change: Partial<TracedHalf>) => halfTree({ ...half, ...change }, { now: NOW });

  test.each([
    [{ state: 'prepared' }, 'not decided: its producer is asked'],
    [{ state: 'rolledBack' }, 'rolled back'],
    [
      { state: 'prepared', quarantined: NOW },
      'not decided, unanswered since 2026-11-23T08:15:00.000Z: `waybill half` asks again or decides',
    ],
  ] as const)('says what was decided: %o', (change, words) => {
    expect(drawnHalf(change)).toEqual([
      `half order.placed  ${ID}`,
      '   key order-7, orders, prepared 2026-11-23T08:14:00.250Z, local transaction debit-1',
      `   ${words}`,
    ]);
  });

  test('hangs its message and what came of it below', () => {
    expect(drawnHalf({ state: 'committed', message: 'm', chain: message([handled()], { id: 'm' }) })).toEqual([
      `half order.placed  ${ID}`,
      expect.stringContaining('│  key order-7'),
      '│  committed as m',
      '└─ order.placed  m',
      expect.stringContaining('   │  key order-7'),
      '   └─ payment  ✓ handled',
      expect.stringContaining('relayed'),
      expect.stringContaining('by Shop-payment'),
    ]);
  });
});

async function waybill(...parameters: string[]) {
  const context = capturedContext({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  const exitCode = await run(parameters, context);
  return { exitCode, stdout: context.stdout(), stderr: context.stderr() };
}

test.each([
  [['trace'], 'give either the id of a message or --key'],
  [['trace', ID, '--key', 'order-7'], 'give either the id of a message or --key'],
  [['trace', ID, '--since', '2d'], '--since goes with --key'],
  [['trace', 'order-7'], 'It is no message id'],
  [['trace', '--key', 'order-7', '--since', 'yesterday'], 'It is a length of time'],
])('%o is wrong usage: exit code 2 and a sentence on stderr', async (parameters, sentence) => {
  const { exitCode, stdout, stderr } = await waybill(...parameters);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(sentence);
});

test('an endpoint that does not answer ends the trace with a sentence', async () => {
  const { exitCode, stdout, stderr } = await waybill('trace', ID, '--json');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(/^error: AWS_ENDPOINT_URL is .*, and nothing answers there: [^\n]*\n$/);
});
