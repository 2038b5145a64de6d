import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { DEADLINE, NOW, reconcileWorld } from './reconcile-world.ts';

/** A ledger, and by the prefix of their keys the columns of the rows that DynamoDB answers a comparison's queries with. */
function watched() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const { environment } = world;
  const read: Record<string, Set<string>> = {};
  const send = async (command: QueryCommand) => {
    const answer = await environment.dynamodb.send(command);
    if (!(command instanceof QueryCommand)) return answer;
    const [prefix = ''] = (command.input.ExpressionAttributeValues?.[':pk']?.S ?? '').split('#');
    read[prefix] = new Set([...(read[prefix] ?? []), ...(answer.Items ?? []).flatMap((item) => Object.keys(item))]);
    return answer;
  };
  const dynamodb = { send: send as typeof environment.dynamodb.send };
  const compare = () => reconcile({ ...environment, dynamodb }, { ...world.inspection, from: NOW - 600_000 });
  return { ...world, read, compare };
}

describe('a pass over the ledger', () => {
  test('reads what it compares, and neither payloads nor what else rows hold', async () => {
    const { mint, commit, end, read, compare } = watched();
    for (let count = 0; count < 5; count++) end(commit(mint(2 * DEADLINE)), 'payment');

    const { lines } = await compare();

    expect(lines.orders).toMatchObject({ committed: 5, handled: 5 });
    expect([...(read.out ?? [])].sort()).toEqual(['line', 'sk', 'ttl', 'type']);
    expect([...(read.in ?? [])].sort()).toEqual(['hops', 'sk', 'state', 'ttl']);
  });

  test('knows the moment and the death of a message as it did by whole rows', async () => {
    const { mint, commit, end, at, compare } = watched();
    const waiting = commit(mint(2 * DEADLINE), 'order.placed', at(NOW + 3_600_000));
    const dead = commit(mint(2 * DEADLINE));
    end(dead, 'payment', 'dead');

    const found = await compare();

    expect(found.lines.orders).toMatchObject({ committed: 2, scheduled: 1, dead: 1 });
    expect(found.dead).toEqual([{ id: dead, subscriber: 'payment', reason: 'rejected' }]);
    expect(found.missing.map(({ id }) => id)).not.toContain(waiting);
  });

  test.each([1, 250])('reads %i rows whole that do not say their type, so that none is lost', async (count) => {
    const { mint, commit, end, compare, environment } = watched();
    const old = { type: undefined, line: undefined };
    const ids = Array.from({ length: count }, () => commit(mint(2 * DEADLINE, 'order-1'), 'order.placed', {}, old));
    for (const id of ids.slice(1)) end(id, 'payment');
    end(commit(mint(2 * DEADLINE, 'order-1')), 'payment');

    const found = await compare();

    expect(found.lines.orders).toMatchObject({ committed: count + 1, handled: count });
    expect(found.missing.map(({ id }) => id)).toEqual(ids.slice(0, 1));
    expect(environment.usage.calls.BatchGetItem).toBe(Math.ceil(count / 100));
  });

  test('names a message that nobody can read any more: its row says who expects it', async () => {
    const { mint, commit, compare } = watched();
    const id = commit(mint(2 * DEADLINE), 'order.placed', {}, { envelope: 'of a newer format' });

    expect((await compare()).missing).toMatchObject([{ id, subscriber: 'payment', hop: 'relay' }]);
  });
});
