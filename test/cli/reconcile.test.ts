import { describe, expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { reconciliationTable } from '../../lib/cli/reconciliation-table.ts';
import type { Missing } from '../../lib/reconcile/totals.ts';
import { capturedContext } from './captured-context.ts';

const NO_COPIES = { handled: 0, duplicate: 0, dead: 0, cancelled: 0, late: 0 };
const NOTHING = { lines: {}, copies: NO_COPIES, missing: [], uncaused: [] };
const COUNTS = { committed: 10, handled: 10, inFlight: 0, scheduled: 0, dead: 0 };

function missing(id: string, hop: Missing['hop']): Missing {
  return { id, subscriber: 'payment', hop, evidence: 'it is so', overdueMs: 12_400 };
}

describe('a reconciliation in words', () => {
  test('has a row for each business line, with what is left over as missing', () => {
    const lines = { payments: { ...COUNTS, handled: 7, dead: 1 }, orders: COUNTS };
    expect(reconciliationTable({ ...NOTHING, lines })).toEqual([
      '          committed  handled  in flight  scheduled  dead  missing',
      'orders           10       10          0          0     0        0',
      'payments         10        7          0          0     1        2',
      'Nothing is missing.',
    ]);
  });

  test('counts how messages ended at their subscribers, and which are late', () => {
    const copies = { handled: 20, duplicate: 3, dead: 1, cancelled: 0, late: 2 };
    expect(reconciliationTable({ ...NOTHING, copies })).toContain(
      'At their subscribers: 20 handled, 3 duplicates, 1 dead-lettered, 2 late',
    );
  });

  test('names what is missing with its hop and the evidence, and counts the hops', () => {
    const some = [missing('a', 'relay'), missing('b', 'broker'), missing('c', 'relay')];
    expect(reconciliationTable({ ...NOTHING, missing: some }).slice(1)).toEqual([
      'Missing: 3 (2 at the relay, 1 at the broker)',
      '  a  payment: relay, overdue by 12.4 s: it is so',
      '  b  payment: broker, overdue by 12.4 s: it is so',
      '  c  payment: relay, overdue by 12.4 s: it is so',
    ]);
  });

  test('names what is uncaused', () => {
    const lines = reconciliationTable({ ...NOTHING, uncaused: [{ id: 'x', subscriber: 'payment' }] });
    expect(lines.slice(-2)).toEqual(['Ended although nobody committed them: 1', '  x  payment']);
  });

  test('stays short, and says how much it leaves out', () => {
    const many = Array.from({ length: 500 }, (_, index) => missing(String(index), 'broker'));
    const lines = reconciliationTable({ ...NOTHING, missing: many });
    expect(lines.length).toBeLessThan(30);
    expect(lines.at(-1)).toBe('  … and 480 more');
  });
});

async function waybill(...parameters: string[]) {
  const context = capturedContext({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  const exitCode = await run(parameters, context);
  return { exitCode, stdout: context.stdout(), stderr: context.stderr() };
}

test.each(['soon', '', '-1h', '0s', '1h30m'])('--since %j is wrong usage', async (since) => {
  const { exitCode, stdout, stderr } = await waybill('reconcile', `--since=${since}`);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain('It is a length of time, such as 90s, 15m, 1h or 2d.');
});

test('an endpoint that does not answer ends the reconciliation with a sentence', async () => {
  const { exitCode, stdout, stderr } = await waybill('reconcile', '--json');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(/^error: AWS_ENDPOINT_URL is .*, and nothing answers there: [^\n]*\n$/);
});
