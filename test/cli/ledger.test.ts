import { describe, expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { showOrTurnFormat } from '../../lib/cli/ledger.ts';
import { readFormat } from '../../lib/ledger/format.ts';
import { FORMATS, NEWEST_FORMAT } from '../../lib/ledger/rows/format.ts';
import { reconcileWorld } from '../reconcile/reconcile-world.ts';
import { capturedContext } from './captured-context.ts';

/** A ledger with two subscribers, and what the newest formats are that they read. */
function ledgerRead(reads: Readonly<Record<string, number | undefined>>) {
  const world = reconcileWorld({ subscribers: Object.keys(reads) });
  for (const [subscriber, newest] of Object.entries(reads)) {
    const route = world.table.rows().find(({ pk, sk }) => String(pk).startsWith('route#') && sk === subscriber);
    world.put({ pk: String(route?.pk), sk: subscriber }, { ...route, reads: newest });
  }
  const format = async (options: { readonly set?: number; readonly json?: boolean } = {}) => {
    const context = capturedContext();
    await showOrTurnFormat(world.ledger, options, context);
    return { exitCode: context.exitCode, stdout: context.stdout() };
  };
  return { ...world, format };
}

describe('waybill ledger format', () => {
  test('says which it is, and who reads which', async () => {
    const { format } = ledgerRead({ payment: 3, stock: undefined });
    expect((await format()).stdout).toBe('Outbox rows of ledger are written in format 1.\n');
    expect(JSON.parse((await format({ json: true })).stdout)).toEqual({
      format: 1,
      before: 1,
      newest: NEWEST_FORMAT,
      readers: [
        { subscriber: 'payment', reads: 3 },
        { subscriber: 'stock', reads: 1 },
      ],
      behind: [],
    });
  });

  test('turns one on once everybody reads it, and not before', async () => {
    const { format, ledger } = ledgerRead({ payment: 3, stock: 2 });
    const early = await format({ set: FORMATS.compressed });
    expect(early.exitCode).toBe(1);
    expect(early.stdout).toContain('stock reads formats up to 2: deploy it');
    expect(await readFormat(ledger)).toBe(1);
    expect(await format({ set: FORMATS.packed })).toEqual({
      exitCode: 0,
      stdout: 'Outbox rows of ledger are written in format 2.\nIt was 1. Producers follow within 10 minutes.\n',
    });
    expect(await readFormat(ledger)).toBe(2);
  });

  test('turns one off whoever reads it', async () => {
    const { format, ledger, put } = ledgerRead({ payment: undefined, stock: 3 });
    put({ pk: 'format', sk: 'outbox' }, { format: 3, since: 0 });
    expect((await format({ set: 2 })).exitCode).toBe(0);
    expect(await readFormat(ledger)).toBe(2);
  });

  test.each(['0', '4', '1.5', 'packed'])('refuses --set %s', async (set) => {
    const context = capturedContext();
    expect(await run(['ledger', 'format', '--set', set], context)).not.toBe(0);
    expect(context.stderr()).toContain(`from 1 to ${NEWEST_FORMAT}`);
  });
});
