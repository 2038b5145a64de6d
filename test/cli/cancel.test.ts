import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { cancelMessage } from '../../lib/cli/cancel.ts';
import { run } from '../../lib/cli/index.ts';
import { rescheduleMessage } from '../../lib/cli/reschedule.ts';
import { inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';
import { capturedContext } from './captured-context.ts';

const ID = '01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f';

/** A ledger with a message in it, and what a command says of it. */
function ledgerWithMessage() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const id = world.commit(world.mint(1_000));
  const saying = async (command: (context: ReturnType<typeof capturedContext>) => Promise<void>) => {
    const context = capturedContext();
    await command(context);
    return { exitCode: context.exitCode, stdout: context.stdout() };
  };
  return {
    ...world,
    id,
    cancel: (options = {}, of = id) => saying((context) => cancelMessage(world.environment, of, options, context)),
    reschedule: (options: Parameters<typeof rescheduleMessage>[2]) =>
      saying((context) => rescheduleMessage(world.environment, id, options, context)),
  };
}

describe('waybill cancel', () => {
  test('says that the message takes effect nowhere, and writes down that it came from here', async () => {
    const { cancel, id, table } = ledgerWithMessage();
    expect(await cancel()).toEqual({ exitCode: 0, stdout: `Cancelled ${id}: it takes effect nowhere\n` });
    const row = table.get(toItem(inboxKey('payment', id)));
    expect(row).toMatchObject({ state: { S: 'cancelled' }, ended: { M: { function: { S: 'waybill-cli' } } } });
    expect(await cancel({ json: true })).toEqual({ exitCode: 0, stdout: `{"cancelled":true,"id":"${id}"}\n` });
  });

  test('says where it came too late, with exit code 1', async () => {
    const { cancel, id, end } = ledgerWithMessage();
    end(id, 'payment');
    expect(await cancel()).toEqual({
      exitCode: 1,
      stdout: `Not cancelled: ${id} has ended at payment (handled), so it goes on everywhere\n`,
    });
    expect((await cancel({ json: true })).stdout).toBe(
      `{"cancelled":false,"id":"${id}","ended":{"payment":"handled"}}\n`,
    );
  });

  test('says so of an id that was never committed', async () => {
    const { cancel } = ledgerWithMessage();
    await expect(cancel({}, ID)).rejects.toThrow(`No message '${ID}' is in the ledger 'ledger'`);
  });
});

describe('waybill reschedule', () => {
  test('names the message in the place of the old one, and its moment', async () => {
    const { reschedule, cancel, id } = ledgerWithMessage();
    const { exitCode, stdout } = await reschedule({ delay: '10m' });
    const [, newId = ''] = /: (\S+) is delivered/.exec(stdout) ?? [];
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`Rescheduled ${id}: ${newId} is delivered in its place, at 2026-11-23T08:24:00.000Z\n`);
    expect((await reschedule({ at: new Date(NOW - 1) })).stdout).toMatch(/in its place, at once\n$/);
    expect((await cancel()).stdout).toMatch(new RegExp(`^Cancelled \\S+, which is in the place of ${id}: `));
    expect(await reschedule({ delay: '10m' })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^Not rescheduled: \S+ has ended at payment \(cancelled\)\n$/),
    });
  });

  test('prints one object', async () => {
    const { reschedule, id, end } = ledgerWithMessage();
    expect(JSON.parse((await reschedule({ delay: '10m', json: true })).stdout)).toMatchObject({ rescheduled: true });
    end(id, 'payment');
  });
});

async function waybill(...parameters: string[]) {
  const context = capturedContext({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  const exitCode = await run(parameters, context);
  return { exitCode, stdout: context.stdout(), stderr: context.stderr() };
}

test.each([
  [['cancel'], "missing required argument 'id'"],
  [['cancel', 'order-7'], 'It is no message id'],
  [['reschedule', ID], 'give either --delay or --at'],
  [['reschedule', ID, '--delay', '10m', '--at', '2026-11-24T08:00Z'], 'give either --delay or --at'],
  [['reschedule', ID, '--delay', 'soon'], "'soon' is not a duration"],
  [['reschedule', ID, '--delay', '400d'], 'at most 366 days'],
  [['reschedule', ID, '--at', 'tomorrow'], 'It is a moment with its zone'],
  [['reschedule', ID, '--at', '2027-02-30T09:00:00Z'], 'It is a moment with its zone'],
  [['reschedule', ID, '--at', '2027-02-28T24:00+01:00'], 'It is a moment with its zone'],
  [['reschedule', ID, '--at', '2026-11-24T08:00:00'], 'It is a moment with its zone'],
  [['reschedule', 'order-7', '--delay', '10m'], 'It is no message id'],
  [['half', 'order-7'], 'It is no message id'],
  [['half', ID, '--commit', '--rollback'], "option '--commit' cannot be used with option '--rollback'"],
])('%o is wrong usage: exit code 2 and a sentence on stderr', async (parameters, sentence) => {
  const { exitCode, stdout, stderr } = await waybill(...parameters);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(sentence);
});

test.each(['cancel', 'reschedule', 'half'])('%s --help says what it does, and --json is there', async (command) => {
  const { exitCode, stdout } = await waybill(command, '--help');
  expect(exitCode).toBe(0);
  for (const part of ['--json', '--ledger', '$ waybill']) expect(stdout).toContain(part);
  expect((await waybill('--help')).stdout).toContain(command);
});

test.each([[['cancel', ID]], [['reschedule', ID, '--delay', '10m']], [['half', ID, '--check-back']]])(
  'an endpoint that does not answer ends %o with a sentence',
  async (parameters) => {
    const { exitCode, stdout, stderr } = await waybill(...parameters);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^error: AWS_ENDPOINT_URL is .*, and nothing answers there: [^\n]*\n$/);
  },
);
