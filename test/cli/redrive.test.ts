import { describe, expect, test } from 'vitest';
import { listDead } from '../../lib/cli/dead.ts';
import { runRedrive } from '../../lib/cli/redrive.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { redriveWorld } from '../redrive/redrive-world.ts';
import { capturedContext } from './captured-context.ts';

/** A ledger with what is dead of two causes, and the commands on it. */
async function commands() {
  const world = redriveWorld();
  world.broken.add('card').add('cheque');
  await world.pay('card', 12);
  await world.pay('cheque', 3);
  world.broken.clear();
  // While a command waits, the stack goes on.
  const environment = { ...world.environment, sleep: () => world.stack.advance('1s') };
  const ledger = { ...ledgerOf(world.environment), environment };
  const saying = async (command: (context: ReturnType<typeof capturedContext>) => Promise<void>) => {
    const context = capturedContext();
    await command(context);
    return { exitCode: context.exitCode, out: context.stdout(), err: context.stderr() };
  };
  return {
    ...world,
    dead: (options = {}, subscriber?: string) => saying((context) => listDead(ledger, subscriber, options, context)),
    run: (options: Parameters<typeof runRedrive>[2], subscriber?: string) =>
      saying((context) => runRedrive(ledger, subscriber, options, context)),
  };
}

describe('waybill dead', () => {
  test('groups what is dead by cause, with the text of an error and its id', async () => {
    const { dead } = await commands();
    const groups = JSON.parse((await dead({ json: true })).out);
    expect(groups).toEqual([
      {
        subscriber: 'book',
        cause: expect.stringMatching(/^[\da-f]{8}$/),
        reason: 'rejected',
        count: 12,
        first: expect.stringMatching(/^2026-01-01T/),
        last: expect.stringMatching(/^2026-01-01T/),
        sample: { id: expect.any(String), detail: expect.stringMatching(/^no card: order card-\d+$/) },
      },
      expect.objectContaining({ count: 3 }),
    ]);
    const { out } = await dead({}, 'book');
    expect(out).toContain(`book  ${groups[0].cause}  12 × rejected in redrive-world.ts:`);
    await expect(dead({}, 'nobody')).rejects.toMatchObject({ code: 'unknown-subscriber' });
  });

  test('lists each message of a cause, with its id, age and key', async () => {
    const { dead, stack } = await commands();
    await stack.advance('90s');
    const [, { cause }] = JSON.parse((await dead({ json: true })).out);
    const messages = JSON.parse((await dead({ json: true, cause: cause.slice(0, 6) })).out);
    expect(messages).toHaveLength(3);
    expect(messages[0]).toMatchObject({ subscriber: 'book', cause, type: 'order.paid', age: 90 });
    expect(messages.map(({ key }: { key: string }) => key).sort()).toEqual(['cheque-0', 'cheque-1', 'cheque-2']);
    expect((await dead({ cause })).out.split('\n')).toHaveLength(4);
  });

  test('says of a record that is no message what can be done', async () => {
    const { dead, run, garble } = await commands();
    await garble('no envelope');
    const groups: { cause: string; reason: string }[] = JSON.parse((await dead({ json: true })).out);
    const { cause } = groups.find(({ reason }) => reason === 'malformed-message') ?? {};
    expect((await dead({ cause })).out).toMatch(/a record that is no message.*\n1 of these hold no message.*publish/s);
    const { out, err } = await run({ cause, json: true }, 'book');
    expect(JSON.parse(out)).toMatchObject({ state: 'done', sent: 0 });
    expect(err).toContain('1 not sent, since they are no messages: `waybill dead` says what to do');
  });

  test('says so where nothing is dead', async () => {
    const { dead, run } = await commands();
    await run({ all: true }, 'book');
    expect(await dead()).toMatchObject({ exitCode: 0, out: 'Nothing is dead.\n' });
    expect((await dead({ json: true })).out).toBe('[]\n');
  });
});

describe('waybill redrive', () => {
  test('sends what died of a cause, prints its waves, and ends with one object', async () => {
    const { dead, run, booked } = await commands();
    const [{ cause }] = JSON.parse((await dead({ json: true })).out);
    const { out, exitCode } = await run({ cause: cause.slice(0, 6), json: true }, 'book');
    expect(JSON.parse(out)).toEqual({
      operation: expect.stringMatching(/^book\.[\da-f]{8}$/),
      state: 'done',
      sent: 12,
      handled: 12,
      relapsed: 0,
      waves: 4,
    });
    expect(exitCode).toBe(0);
    expect(booked()).toHaveLength(12);
    const all = await run({ all: true, canary: 2 }, 'book');
    expect(all.out).toMatch(/wave 1: 2 sent, 0 handled, 0 relapsed\nwave 2: /);
    expect(all.out).toMatch(/Done: 3 sent in 2 waves, 3 handled, 0 relapsed\n$/);
  });

  test('ends with 1 where a message failed again, and goes on when it is resumed', async () => {
    const { run, broken, booked } = await commands();
    broken.add('card').add('cheque');
    const stopped = await run({ all: true, json: true }, 'book');
    const { operation, ...rest } = JSON.parse(stopped.out);
    expect([stopped.exitCode, rest]).toMatchObject([1, { state: 'stopped', relapsed: 1, sent: 1 }]);
    expect(stopped.err).toContain('Stopped, a message failed again');
    broken.clear();
    const resumed = await run({ resume: operation });
    expect(resumed.exitCode).toBe(0);
    expect(booked()).toHaveLength(14);
    expect((await run({ stop: operation, json: true })).out).toContain('"state":"done"');
  });

  test('refuses a cause that nothing died of', async () => {
    const { run } = await commands();
    await expect(run({ cause: '0' }, 'book')).rejects.toMatchObject({ code: 'redrive-refused' });
    await expect(run({ all: true }, 'nobody')).rejects.toMatchObject({ code: 'redrive-refused' });
  });
});
