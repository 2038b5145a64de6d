import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describeError,
  errorCode,
  errorMessage,
  errorTrace,
  isPassingServiceError,
  mayPass,
} from '../../lib/aws/errors.ts';
import { consume } from '../../lib/consume/consume.ts';
import { hasCode, isRejected, isWaybillError } from '../../lib/contract/errors.ts';
import { ORDER, OrderPlaced, openShop, ReserveStock } from './shop.ts';

const refuse = (): never => {
  throw new Error('refused');
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const refusing = new Proxy(new Error('hidden'), { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse });
const withStack = (stack: unknown): Error => Object.assign(new Error('m'), { stack });
const cyclic = (): Error => {
  const error = new Error('round');
  error.cause = error;
  return Object.assign(error, { self: error });
};

/** What is thrown, by what is odd about it, and what its dead letter says of it. */
const THROWN: Readonly<Record<string, readonly [unknown, string]>> = {
  nothing: [undefined, 'undefined'],
  null: [null, 'null'],
  'a text': ['no stock', 'no stock'],
  'a symbol': [Symbol('s'), 'Symbol(s)'],
  'a BigInt': [10n, '10'],
  'an object without prototype': [Object.create(null), '[Object: null prototype] {}'],
  'an object with a code': [{ code: 'X' }, 'X'],
  'an object with a code and a message': [{ code: 'ER_LOCK', message: 'try again' }, 'ER_LOCK: try again'],
  'an object with a number for a code': [{ code: 404, message: 'not found' }, '404: not found'],
  'an object of its own kind': [{ status: 500 }, '{ status: 500 }'],
  'an object whose toString throws': [
    { toString: refuse, toJSON: refuse },
    '{ toString: [Function: refuse], toJSON: [Function: refuse] }',
  ],
  'an object whose getters throw': [Object.defineProperty({}, 'message', { get: refuse }), '{}'],
  'an error without a name': [Object.assign(new Error('m'), { name: undefined }), 'Error: m'],
  'an error whose name is a symbol': [Object.assign(new Error('m'), { name: Symbol('s') }), 'm'],
  'an error whose message is an object': [Object.assign(new Error(), { message: {} }), 'Error'],
  'an error that causes itself': [cyclic(), 'Error: round'],
  'an error whose stack is a list': [withStack([{ toString: refuse }, 'f (file.js:1:2)']), 'Error: m'],
  'an error whose stack is a number': [withStack(5), 'Error: m'],
  'a proxy that refuses everything': [refusing, 'Error: hidden'],
  'a proxy that is revoked': [revoked(), '<Revoked Proxy>'],
  'a function': [() => 5, '[Function (anonymous)]'],
};

const beginsWith = (text: string) => new RegExp(`^${RegExp.escape(text)}`);

const throwing = (thrown: unknown) =>
  consume(ReserveStock, () => {
    throw thrown;
  });

describe('a handler that throws', () => {
  test.each(Object.entries(THROWN))('%s has failed once, and its record alone comes again', async (_, [thrown]) => {
    const shop = openShop();
    shop.stock(5);
    const bad = shop.envelopeOf(OrderPlaced, { ...ORDER, sku: 'bad' });
    const mixed = consume(ReserveStock, ({ sku }) => {
      if (sku === 'bad') throw thrown;
    });
    const record = shop.queued(bad);
    const failed = await shop.invoke(mixed, [shop.queued(shop.envelopeOf(OrderPlaced, ORDER)), record]);
    expect(failed).toEqual([record.messageId]);
    expect(shop.failures(bad.id)).toBe('1');
  });

  test.each(Object.entries(THROWN))(
    '%s too often is dead-lettered, and the letter says what it was',
    async (_, [thrown, said]) => {
      const shop = openShop();
      const envelope = shop.envelopeOf(OrderPlaced, ORDER);
      for (let delivery = 1; delivery <= 5; delivery++) {
        await shop.invoke(throwing(thrown), [shop.queued(envelope, { receives: delivery })]);
      }
      expect(await shop.letters()).toMatchObject([
        {
          reason: 'attempts-exhausted',
          detail: expect.stringMatching(beginsWith(`Failed 5 times, at last with ${said}`)),
        },
      ]);
    },
  );

  test('fails its record alone where a log cannot be written', async () => {
    const shop = openShop();
    Object.assign(shop.environment.log, { warn: refuse });
    const record = shop.queued(shop.envelopeOf(OrderPlaced, ORDER));
    expect(await shop.invoke(throwing(new Error('m')), [record, shop.queued('hello')])).toEqual([record.messageId]);
  });
});

test("the application's own `Error.prepareStackTrace` leaves the frames in the log", () => {
  const own = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = (_, sites) => sites;
    const { stack } = errorTrace(new TypeError('secret')) as { readonly stack: readonly string[] };
    expect(stack[0]).toContain('thrown.test.ts');
    Error.prepareStackTrace = refuse;
    expect(errorTrace(new TypeError('secret'))).toMatchObject({ error: 'TypeError' });
  } finally {
    Error.prepareStackTrace = own;
  }
});

const PROPERTIES = ['name', 'message', 'stack', 'code', 'cause', 'detail', '$metadata', '$fault', 'toString', 'toJSON'];
const TRAPS = ['get', 'getPrototypeOf', 'has', 'ownKeys', 'getOwnPropertyDescriptor'];

/** Makes anything that can be thrown, as it is or behind what makes it hostile. */
const anything: fc.Arbitrary<() => unknown> = fc.oneof(
  fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true, withMap: true }).map((value) => () => value),
  fc.constantFrom(...Object.values(THROWN)).map(
    ([value]) =>
      () =>
        value,
  ),
  fc.tuple(fc.anything(), fc.constantFrom(...PROPERTIES)).map(
    ([value, name]) =>
      () =>
        Object.defineProperty(new Error('m'), name, { value }),
  ),
  fc.constantFrom(...PROPERTIES).map((name) => () => Object.defineProperty(new Error('m'), name, { get: refuse })),
  fc.constantFrom(...TRAPS).map((trap) => () => new Proxy(new Error('m'), { [trap]: refuse })),
);

test('whatever is thrown can be recorded and logged: as texts, bounded, never throwing', () => {
  fc.assert(
    fc.property(anything, (make) => {
      const thrown = make();
      const code = errorCode(thrown);
      expect(code.length).toBeGreaterThan(0);
      expect(code.length).toBeLessThanOrEqual(200);
      expect(describeError(thrown).length).toBeLessThanOrEqual(1_000);
      expect(typeof errorMessage(thrown)).toBe('string');
      expect(JSON.parse(JSON.stringify(errorTrace(thrown)))).toEqual(errorTrace(thrown));
      for (const judge of [mayPass, isPassingServiceError, isWaybillError, isRejected])
        expect(judge(thrown)).toBeTypeOf('boolean');
      expect(hasCode(thrown, 'rejected')).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

describe('with two copies of the package in one process', () => {
  const copyOf = (path: string) => import(/* @vite-ignore */ `../../lib/${path}?copy`);

  test("the other copy's `Rejected` dead-letters at once, and so does a class that extends it", async () => {
    const { Rejected } = (await copyOf('contract/errors.ts')) as typeof import('../../lib/contract/errors.ts');
    class OutOfStock extends Rejected {}
    for (const error of [new Rejected('no'), new OutOfStock('none left')]) {
      const shop = openShop();
      await shop.invoke(throwing(error), [shop.queued(shop.envelopeOf(OrderPlaced, ORDER))]);
      expect(await shop.letters()).toMatchObject([{ reason: 'rejected', detail: error.message }]);
    }
  });

  test("the other copy's errors keep their codes", async () => {
    const copy = (await copyOf('contract/errors.ts')) as typeof import('../../lib/contract/errors.ts');
    expect(new copy.Rejected('no')).not.toBeInstanceOf((await import('../../lib/contract/errors.ts')).Rejected);
    expect(errorCode(new copy.InvalidPayload('m'))).toBe('invalid-payload');
    expect(hasCode(new copy.CommitUndecided('m'), 'commit-undecided')).toBe(true);
  });

  test("the other copy's comparisons are comparisons", async () => {
    const { atLeast } = (await copyOf('aws/condition.ts')) as typeof import('../../lib/aws/condition.ts');
    const shop = openShop();
    shop.stock(5);
    const take = consume(ReserveStock, ({ sku, quantity }, { tx }) => {
      const [table] = ReserveStock.tables;
      tx.update(table, { sku }, { add: { quantity: -quantity }, when: { quantity: atLeast(quantity) } });
    });
    expect(await shop.invoke(take, [shop.queued(shop.envelopeOf(OrderPlaced, ORDER))])).toEqual([]);
    expect(shop.left()).toBe(3);
  });
});
