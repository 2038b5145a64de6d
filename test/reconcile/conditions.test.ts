import { describe, expect, it } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { reconcileKey } from '../../lib/ledger/rows/cursor.ts';
import { openKey } from '../../lib/ledger/rows/open-case.ts';
import { type Case, giveUpCase, openCase, rewriteCase } from '../../lib/reconcile/cases.ts';
import { type Cursor, readCursor, writeCursor } from '../../lib/reconcile/cursor.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';

/** A ledger in memory. */
function world() {
  const stack = new MemoryStack();
  const ledger = ledgerOf(stack.environment());
  const put = (row: { readonly pk: string; readonly sk: string }) => {
    const item = toItem(row);
    stack.ledger.write(stack.ledger.keyOf(item), item);
  };
  const get = ({ pk, sk }: { readonly pk: string; readonly sk: string }) => stack.ledger.get(toItem({ pk, sk }));
  return { ledger, put, get };
}

const ID = '019b76da-a805-76f6-830a-8f1756e016b8';
const opened: Case = {
  id: ID,
  subscriber: 'payment',
  type: 'order.placed',
  businessLine: 'orders',
  state: 'waiting',
  tries: 2,
  next: 1_000,
};

describe('a case', () => {
  it('that was closed by hand is rewritten by no run that had read it before', async () => {
    const { ledger } = world();
    await openCase(ledger, opened);
    expect(await giveUpCase(ledger, ID, 'payment')).toMatchObject({ state: 'waiting' });
    expect(await rewriteCase(ledger, opened, { ...opened, state: 'missing' })).toBe(false);
    expect(await giveUpCase(ledger, ID, 'payment')).toBeUndefined();
  });

  it('that is not open is not closed, and leaves no row', async () => {
    const { ledger, get } = world();
    expect(await giveUpCase(ledger, ID, 'payment')).toBeUndefined();
    expect(get(openKey(ID, 'payment'))).toBeUndefined();
  });

  it.each([{ tries: 3 }, { next: 2_000 }])('that another run has changed stays as it is: %j', async (changed) => {
    const { ledger } = world();
    await openCase(ledger, { ...opened, ...changed });
    expect(await rewriteCase(ledger, opened, { ...opened, state: 'missing' })).toBe(false);
  });
});

describe('a cursor', () => {
  it('without a revision, as version 0.1 writes it, is moved from where it was read alone', async () => {
    const { ledger, put } = world();
    put({ ...reconcileKey('first'), upTo: 100 } as never);
    const read = await readCursor<Cursor>(ledger, 'first');
    put({ ...reconcileKey('first'), upTo: 200 } as never);
    expect(await writeCursor(ledger, 'first', read, { upTo: 150 })).toBeUndefined();
  });

  it('without a revision is not moved once it has one', async () => {
    const { ledger, put } = world();
    put({ ...reconcileKey('first'), upTo: 100 } as never);
    const read = await readCursor<Cursor>(ledger, 'first');
    put({ ...reconcileKey('first'), upTo: 100, revision: 1 } as never);
    expect(await writeCursor(ledger, 'first', read, { upTo: 150 })).toBeUndefined();
    expect(await writeCursor(ledger, 'first', { upTo: 100, revision: 1 }, { upTo: 150 })).toMatchObject({
      revision: 2,
    });
  });
});

describe('a cursor with a revision', () => {
  it('is not moved by a run that had read it before another moved it to the same place', async () => {
    const { ledger } = world();
    const read = await writeCursor<Cursor>(ledger, 'first', undefined, { upTo: 100 });
    await writeCursor(ledger, 'first', read, { upTo: 100 });
    expect(await writeCursor(ledger, 'first', read, { upTo: 150 })).toBeUndefined();
    expect(await readCursor(ledger, 'first')).toMatchObject({ upTo: 100 });
  });
});
