import { describe, expect, it } from 'vitest';
import { HighWater, readHighWater } from '../../lib/ledger/high-water.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { readRedrive, writeRedrive } from '../../lib/ledger/redrive.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { redriveWorld } from '../redrive/redrive-world.ts';

describe('how far a subscriber has come', () => {
  it('is written where nothing is, and over what is less alone', async () => {
    const ledger = ledgerOf(new MemoryStack().environment());
    const marks = async (mark: number) => {
      const highWater = new HighWater();
      highWater.note('payment', mark);
      await highWater.write(ledger);
      return await readHighWater(ledger, 'payment');
    };
    expect([await marks(5), await marks(3), await marks(9)]).toEqual([5, 5, 9]);
  });
});

describe('a redrive', () => {
  it('is moved on by one of two workers that read it alone', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 1);
    const { operation } = await world.redrive();
    const ledger = world.ledger();
    const read = await readRedrive(ledger, 'book', operation);
    if (!read) throw new Error('no redrive');
    expect(await writeRedrive(ledger, read, { owner: 'one' })).toMatchObject({ owner: 'one' });
    expect(await writeRedrive(ledger, read, { owner: 'two' })).toBeUndefined();
    expect(await readRedrive(ledger, 'book', operation)).toMatchObject({ owner: 'one' });
  });
});
