import { expect, onTestFinished, test } from 'vitest';
import { type LedgerOptions, resolveLedger } from '../../lib/cli/ledger-option.ts';
import { capturedContext } from './captured-context.ts';
import { type Deployed, deployed } from './deployed-ledgers.ts';

/** Looks for the ledger as a command in such a shell would, and leaves this process's environment as it was. */
async function resolve(what: Deployed, options: LedgerOptions = {}, variables: Record<string, string> = {}) {
  const before = { ...process.env };
  onTestFinished(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  const context = capturedContext({ AWS_ENDPOINT_URL: await deployed(what), ...variables });
  return resolveLedger(options, context);
}

const SHOP = { WAYBILL_LEDGER: 'Shop', WAYBILL_SHARDS: '16' };
const BANK = { WAYBILL_LEDGER: 'Bank', WAYBILL_SHARDS: '64' };
const tables = { Shop: undefined, Bank: undefined, Orders: 'ValidationException', Secret: 'AccessDeniedException' };

test('the only ledger that is deployed is found without being named', async () => {
  const resolved = await resolve({ functions: [{}, SHOP, SHOP], tables });
  expect(resolved).toMatchObject({ ledger: 'Shop', shards: 16 });
});

test('of two ledgers one has to be named', async () => {
  const functions = [SHOP, BANK];
  await expect(resolve({ functions, tables })).rejects.toThrow(
    /More than one ledger .*\(Bank, Shop\): name it by --ledger/,
  );
  expect(await resolve({ functions, tables }, { ledger: 'Bank' })).toMatchObject({ ledger: 'Bank', shards: 64 });
  expect(await resolve({ functions, tables }, {}, { WAYBILL_LEDGER: 'Bank' })).toMatchObject({ ledger: 'Bank' });
});

test('the option wins over the variable', async () => {
  const resolved = await resolve({ functions: [SHOP, BANK], tables }, { ledger: 'Shop' }, { WAYBILL_LEDGER: 'Bank' });
  expect(resolved.ledger).toBe('Shop');
});

test('while more shards are being deployed, the larger number is the one to look through', async () => {
  const grown = { ...SHOP, WAYBILL_SHARDS: '32' };
  expect(await resolve({ functions: [SHOP, grown, SHOP], tables })).toMatchObject({ shards: 32 });
});

test('where Lambda says nothing, a named ledger has 16 shards unless the shell says otherwise', async () => {
  expect(await resolve({ tables }, { ledger: 'Shop' })).toMatchObject({ shards: 16 });
  expect(await resolve({ tables }, { ledger: 'Shop' }, { WAYBILL_SHARDS: '8' })).toMatchObject({ shards: 8 });
  await expect(resolve({ tables })).rejects.toThrow('Lambda does not say which ledgers are deployed');
});

test.each([
  ['Nowhere', /^There is no ledger 'Nowhere' at http/],
  ['Orders', /^'Orders' at http.* is no ledger of Waybill$/],
  ['Secret', /^The ledger 'Secret' at http.* cannot be read: AccessDeniedException$/],
])('%o is refused with a sentence', async (ledger, sentence) => {
  await expect(resolve({ functions: [], tables }, { ledger })).rejects.toThrow(sentence);
});

test('where nothing is deployed, that is said', async () => {
  await expect(resolve({ functions: [], tables })).rejects.toThrow(/^No ledger is deployed at http/);
});
