import { expect, test } from 'vitest';
import { listMessages } from '../../lib/cli/ls.ts';
import { NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';
import { capturedContext } from './captured-context.ts';

const MINUTE = 60_000;

function listing() {
  const world = reconcileWorld({ subscribers: ['payment', 'sales'] });
  const ls = async (options: Parameters<typeof listMessages>[1] = {}, context = capturedContext()) => {
    await listMessages(world.ledger, options, context);
    return { stdout: context.stdout(), stderr: context.stderr() };
  };
  const json = async (options: Parameters<typeof listMessages>[1] = {}) => {
    const { messages, more } = JSON.parse((await ls({ ...options, json: true })).stdout);
    return { messages, more, ids: messages.map(({ id }: { id: string }) => id) };
  };
  return { ...world, ls, json };
}

/** A message in each state, at `payment`. */
function everyState({ commit, mint, end, fail, at, wait, relay }: ReturnType<typeof listing>) {
  const ended = (['handled', 'duplicate', 'dead', 'cancelled', 'abandoned'] as const).map((state, index) => {
    const id = commit(mint((10 + index) * MINUTE));
    end(id, 'payment', state);
    return [state, id] as const;
  });
  const missing = commit(mint(20 * MINUTE));
  const inFlight = commit(mint(1_000));
  const waiting = commit(mint(30 * MINUTE), 'order.placed', at(NOW + MINUTE));
  wait(waiting, NOW + MINUTE);
  const failed = commit(mint(25 * MINUTE));
  relay(failed, 'payment');
  fail(failed, 'payment', NOW + MINUTE);
  return { ...Object.fromEntries(ended), missing, inFlight, waiting, failed } as Record<string, string>;
}

test('waybill ls lists messages, the newest first, with what became of them at each subscriber', async () => {
  const world = listing();
  const { commit, mint, end } = world;
  const older = commit(mint(10 * MINUTE));
  end(older, 'payment');
  end(older, 'sales', 'dead');
  const newer = commit(mint(2_000));
  end(newer, 'payment');

  const { messages, more } = await world.json();

  expect(more).toBe(false);
  expect(messages).toEqual([
    expect.objectContaining({
      id: newer,
      type: 'order.placed',
      subscribers: [
        { subscriber: 'payment', state: 'handled', ended: NOW },
        { subscriber: 'sales', state: 'inFlight' },
      ],
    }),
    expect.objectContaining({
      id: older,
      committed: NOW - 10 * MINUTE,
      subscribers: [
        { subscriber: 'payment', state: 'handled', ended: NOW },
        { subscriber: 'sales', state: 'dead', ended: NOW, reason: 'rejected' },
      ],
    }),
  ]);
  const lines = (await world.ls()).stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(
    new RegExp(`^2026-11-23 08:13:58Z  ${newer}  order.placed  \\S+  payment  handled    after 2.0 s$`),
  );
  expect(lines[1]).toMatch(/ {2}sales {4}in flight$/);
  expect(lines[3]).toMatch(/ {2}sales {4}dead {7}after 10 min 0 s, rejected$/);
});

test('--state tells every state apart, and lists no copy in another', async () => {
  const world = listing();
  const { missing, inFlight, waiting, failed, ...ended } = everyState(world);
  const expected: Record<string, readonly (string | undefined)[]> = {
    ...Object.fromEntries(Object.entries(ended).map(([state, id]) => [state, [id]])),
    missing: [missing],
    inFlight: [inFlight],
    scheduled: [failed, waiting],
    late: [],
    unjudged: [],
  };
  for (const [state, ids] of Object.entries(expected)) {
    const listed = await world.json({ state: [state as 'dead'], subscriber: 'payment' });
    expect({ state, ids: listed.ids }).toEqual({ state, ids });
    const others = listed.messages.flatMap(({ subscribers }: { subscribers: { state: string }[] }) =>
      subscribers.filter((copy) => copy.state !== state),
    );
    expect(others).toEqual([]);
  }
  expect((await world.json({ state: ['dead', 'missing'], subscriber: 'payment' })).ids).toEqual([ended.dead, missing]);
  expect((await world.ls({ state: ['missing'], subscriber: 'payment' })).stdout).toContain(
    "missing  at the relay, no receipt says that it was sent to 'payment'",
  );
});

test('--since, --type and --limit choose messages, and what is left out is said', async () => {
  const { commit, mint, json, ls } = listing();
  const ids = [1, 2, 3, 200].map((age) => commit(mint(age * MINUTE)));
  const other = commit(mint(4 * MINUTE), 'order.cancelled');
  expect((await json()).ids).toEqual([...ids.slice(0, 3), other]);
  expect((await json({ since: 240 * MINUTE })).ids).toEqual([...ids.slice(0, 3), other, ids[3]]);
  expect((await json({ type: 'order.cancelled' })).ids).toEqual([other]);
  const two = await json({ limit: 2 });
  expect(two).toMatchObject({ ids: ids.slice(0, 2), more: true });
  const { stdout, stderr } = await ls({ limit: 2 });
  expect(stdout.trimEnd().split('\n')).toHaveLength(4);
  expect(stderr).toBe('There are older ones: `--limit` shows more of them.\n');
  // Nobody expects it: it is one of those that were committed, and of no subscriber's.
  expect((await ls({ type: 'order.cancelled' })).stdout).toContain('  -  expected by nobody\n');
  expect((await json({ type: 'order.cancelled', subscriber: 'payment' })).ids).toEqual([]);
});

test('a limit keeps what is older from being read', async () => {
  const { commit, mint, ledger } = listing();
  commit(mint(1_000));
  commit(mint(2_000));
  const readsOf = async (options: Parameters<typeof listMessages>[1]) => {
    let reads = 0;
    const send: typeof ledger.environment.dynamodb.send = (...request: [never]) => {
      reads++;
      return ledger.environment.dynamodb.send(...request);
    };
    const environment = { ...ledger.environment, dynamodb: { send } };
    await listMessages({ ...ledger, environment }, options, capturedContext());
    return reads;
  };
  const since = 24 * 60 * MINUTE;
  expect(await readsOf({ since, limit: 1 })).toBeLessThan((await readsOf({ since })) / 20);
});

test('nothing found names the types that there are, and an unknown subscriber the subscribers', async () => {
  const { ls } = listing();
  expect(await ls({ type: 'order.paced' })).toEqual({
    stdout: '',
    stderr: 'No such message was committed in the last 1 h 0 min; the types that somebody expects are order.placed.\n',
  });
  expect((await ls()).stderr).toBe('No such message was committed in the last 1 h 0 min.\n');
  await expect(ls({ subscriber: 'paiment' })).rejects.toThrow(
    "There is no subscriber 'paiment': there are payment, sales",
  );
});

test('what would steer a terminal is not printed, and states have colours on one', async () => {
  const { commit, mint, end, ls } = listing();
  const id = commit(mint(1_000), 'order.placed', { partitionkey: 'order\u001b[2J' });
  end(id, 'payment', 'dead');
  const context = capturedContext();
  const terminal = { ...context, out: { ...context.out, isTTY: true } };
  expect((await ls({}, terminal)).stdout).toContain('\u001b[31mdead     \u001b[39m');
  expect((await ls()).stdout).not.toContain('\u001b');
  const plain = capturedContext({ NO_COLOR: '1' });
  expect((await ls({}, { ...plain, out: { ...plain.out, isTTY: true } })).stdout).not.toContain('\u001b');
});
