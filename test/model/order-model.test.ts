import { describe, expect, test } from 'vitest';
import { explore } from './explore.ts';
import { type OrderBudget, type OrderVariant, orderModel } from './order-model.ts';

describe('the order of a key, in every order of the steps of two workers', () => {
  test.each<[string, OrderBudget]>([
    ['a process dies and a copy comes twice', { messages: 3, crashes: 1, duplicates: 1 }],
    ['the first is dead, and redriven', { messages: 3, crashes: 1, duplicates: 0, poison: 1 }],
    ['one in the middle is dead, and redriven', { messages: 3, crashes: 0, duplicates: 1, poison: 2 }],
    [
      'a dead one is gone on without, and redriven',
      { messages: 3, crashes: 1, duplicates: 0, poison: 1, onDead: 'skip' },
    ],
    [
      'an operator skips the dead one, and redrives it',
      { messages: 3, crashes: 0, duplicates: 0, poison: 1, operation: 'skip' },
    ],
    ['the next is cancelled', { messages: 3, crashes: 1, duplicates: 0, operation: 'cancel', of: 1 }],
    ['one that is not the next is cancelled', { messages: 3, crashes: 1, duplicates: 0, operation: 'cancel', of: 2 }],
    ['one that is not the next expires', { messages: 3, crashes: 0, duplicates: 1, operation: 'expire', of: 2 }],
    [
      'one behind a dead one is cancelled',
      { messages: 3, crashes: 0, duplicates: 0, poison: 1, operation: 'cancel', of: 2 },
    ],
    ['the subscriber was removed and added again', { messages: 4, crashes: 0, duplicates: 1, away: 2 }],
  ])('is kept, and nothing is stuck, where %s', { timeout: 60_000 }, (_, budget) => {
    const { states, failure } = explore(orderModel({}, budget));

    expect(failure).toBeUndefined();
    expect(states).toBeGreaterThan(500);
  });

  const plain: OrderBudget = { messages: 3, crashes: 0, duplicates: 0 };
  test.each<[string, OrderVariant, OrderBudget, RegExp]>([
    ['who is due goes past the parked', { pastTheParked: true }, plain, /never ended|parked for ever/],
    ['a message is parked blindly', { parksBlindly: true }, plain, /never ended|parked for ever/],
    [
      'who had ended passes no baton',
      { noBatonOnAlready: true },
      { ...plain, crashes: 1 },
      /never ended|parked for ever/,
    ],
    [
      'a cancel leaves nothing',
      { cancelsWithoutPass: true },
      { ...plain, operation: 'cancel', of: 2 },
      /never ended|parked for ever/,
    ],
    [
      'a skipped message takes effect',
      { redrivesTheSkipped: true },
      { ...plain, poison: 1, onDead: 'skip' },
      /took effect after/,
    ],
    ['a failure counts before the turn', { countsWhileEarly: true }, { ...plain, poison: 2 }, /died before its turn/],
    ['what came while away is waited for', { waitsForTheAway: true }, { ...plain, away: 2 }, /never ended/],
  ])('is broken, or stuck, where %s', (_, variant, budget, what) => {
    expect(explore(orderModel(variant, budget)).failure?.what).toMatch(what);
  });
});
