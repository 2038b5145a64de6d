import { describe, expect, it } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { routeKey } from '../../lib/ledger/rows/route.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import { refusedBy } from '../consume/shop.ts';
import { MINUTE, type SendingWorld, START, sendingWorld } from './sending-world.ts';

type Destination = 'close-offer' | 'offers';
const OTHER = { 'close-offer': 'count-offers', offers: 'close-offer' } as const;

/** Has a queue or a stream refuse whatever it is given. */
function refuse(world: SendingWorld, destination: Destination): void {
  const [operation, error] =
    destination === 'offers'
      ? (['PutRecords', refusedBy('ResourceNotFoundException')] as const)
      : (['SendMessageBatch', refusedBy('KmsDisabled')] as const);
  world.from(operation, (apply, request) => {
    const { QueueUrl = '', StreamName = '' } = request.input as { QueueUrl?: string; StreamName?: string };
    return QueueUrl.endsWith(destination) || StreamName === destination ? error(apply, request) : apply();
  });
}

function accept(world: SendingWorld): void {
  world.from('SendMessageBatch', undefined);
  world.from('PutRecords', undefined);
}

/** Publishes a message every five minutes. */
async function publishFor(world: SendingWorld, hours: number): Promise<number> {
  const count = hours * 12;
  for (let index = 0; index < count; index++) {
    await world.publish(String(index));
    await world.runUntil(START + (index + 1) * 5 * MINUTE);
  }
  return count;
}

const copiesAt = ({ calls }: SendingWorld, destination: string) =>
  calls.flatMap(({ operation, input }) => {
    const { QueueUrl = '', StreamName = '', Entries = [], Records = [] } = input as Record<string, never>;
    if (operation !== 'SendMessageBatch' && operation !== 'PutRecords') return [];
    return String(QueueUrl).endsWith(destination) || StreamName === destination ? [...Entries, ...Records] : [];
  }).length;

describe.each<Destination>(['close-offer', 'offers'])('while %s refuses for hours', (destination) => {
  it('every other subscriber has each message at once, and once', async () => {
    const world = sendingWorld();
    refuse(world, destination);
    const count = await publishFor(world, 2);
    const other = OTHER[destination];
    const effects = world.effects();
    expect(effects.map(({ subscriber }) => subscriber)).toEqual(Array(count).fill(other));
    const late = effects.filter(({ offerId, at }) => at > START + Number(offerId) * 5 * MINUTE + 1_000);
    expect(late).toEqual([]);
    expect(copiesAt(world, other === 'close-offer' ? other : 'offers')).toBe(count);
    // The receipts say who was reached, and so who was not.
    const to = new Set(world.receipts().map((receipt) => receipt.to));
    expect([...to]).toEqual([other === 'close-offer' ? other : 'offers']);
  });

  it('what it refuses is tried again there, ever more rarely, and takes effect once when it can', async () => {
    const world = sendingWorld();
    refuse(world, destination);
    const count = await publishFor(world, 2);
    const tries = copiesAt(world, destination);
    // Fibonacci seconds up to a quarter of an hour.
    expect(tries).toBeLessThan(count * 30);
    accept(world);
    await world.runUntil(START + 3 * 60 * MINUTE);
    expect(world.effects()).toHaveLength(2 * count);
    expect(world.effects().filter(({ times }) => times !== 1)).toEqual([]);
    expect(world.queues.forward.messages()).toEqual([]);
    expect(world.forwardDead.messages()).toEqual([]);
  });
});

it('a subscriber that is removed meanwhile is tried no more', async () => {
  const world = sendingWorld();
  refuse(world, 'close-offer');
  await world.publish('1');
  await world.runUntil(START + MINUTE);
  expect(world.queues.forward.messages()).toHaveLength(1);
  const key = routeKey('offer.ends', 'close-offer');
  const route = world.ledger.get(toItem(key) as never);
  world.write(key, { ...toRow(route as never), until: world.clock.now() });
  await world.runUntil(START + 30 * MINUTE);
  expect(world.queues.forward.messages()).toEqual([]);
});
