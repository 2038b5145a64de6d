/**
 * `npm run --silent saga -- [--count 20] [--refuse 30] [--kill 5] [--json]`: deploys `examples/travel` to an engine of its own,
 * books so many trips, of which so many percent cannot be shipped, kills so many processes of its steps while they run, and says
 * what has come of it: `leftBehind` names each trip that is neither done nor undone, `conserved` whether seats, money and
 * tickets add up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { BINDINGS } from 'waybill';
import { publish } from 'waybill/runtime';
import { workersOf } from '../../../demo/worker-process.ts';
import { BookTrip } from '../../../examples/travel/contract.ts';
import { type Stage, setStage } from '../stage.ts';
import { DrillProvider } from './provider.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    refuse: { type: 'string', default: '30' },
    kill: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const [count, refuse, kill] = [Number(values.count), Number(values.refuse), Number(values.kill)];
const SEATS = 100_000;
const PATIENCE_MS = 300_000;

const say = (line: string) => process.stderr.write(`${line}\n`);
const provider = await DrillProvider.start();
say('starting an engine, deploying the trips');
const stage = await setStage('saga', { context: { provider: provider.url } });
try {
  const report = await drill(stage);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, undefined, 2)}\n`);
  process.exitCode = report.leftBehind.length === 0 && report.conserved ? 0 : 1;
} finally {
  await stage.stop();
  provider.stop();
}

async function drill({ dynamodb, engine, environment, output }: Stage) {
  const ledger = output('LedgerTable');
  const [seats, tickets] = [output('SeatsTable'), output('TicketsTable')];
  const seat = { flight: { S: 'LH1' }, left: { N: String(SEATS) }, version: { N: '1' } };
  await dynamodb.send(new PutItemCommand({ TableName: seats, Item: seat }));
  const producer = environment({
    [BINDINGS.ledger]: ledger,
    [BINDINGS.shards]: output('LedgerShards'),
    [BINDINGS.producer]: 'drill',
  });
  const trips: { readonly id: string; readonly tripId: string }[] = [];
  for (let number = 0; number < count; number++) {
    const to = (number * 37) % 100 < refuse ? 'nowhere' : 'Lisbon';
    const trip = { tripId: `trip-${number}`, flight: 'LH1', seats: 1, cents: 5_000, to };
    trips.push({ tripId: trip.tripId, ...(await publish(BookTrip, trip, { environment: producer })) });
  }
  say(`${count} trips are booked`);

  const endOf = async (id: string) => {
    const { Item } = await dynamodb.send(
      new GetItemCommand({
        TableName: ledger,
        Key: { pk: { S: `saga#${id}` }, sk: { S: '#end' } },
        ConsistentRead: true,
      }),
    );
    return Item?.state?.S;
  };
  let killed = 0;
  const deadline = Date.now() + PATIENCE_MS;
  const ends = new Map<string, string | undefined>();
  while (Date.now() < deadline && [...ends.values()].filter(Boolean).length < count) {
    await sleep(250);
    if (killed < kill) {
      const workers = ['ReserveSeats', 'ChargeTrip', 'ShipTickets'].flatMap((name) => workersLike(engine.pid, name));
      const one = workers[killed % Math.max(1, workers.length)];
      if (one !== undefined) {
        process.kill(one, 'SIGKILL');
        killed += 1;
        say(`killed a process of a step (${killed} of ${kill})`);
      }
    }
    for (const { id } of trips) if (!ends.get(id)) ends.set(id, await endOf(id));
  }
  const stuck = await dynamodb.send(
    new QueryCommand({
      TableName: ledger,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: 'stuck#book-trip' } },
    }),
  );
  const leftBehind: string[] = [];
  for (const { id, tripId } of trips) {
    const charged = provider.charges.filter((key) => key.startsWith(id)).length;
    const refunded = provider.refunds.filter((key) => key.startsWith(id)).length;
    const { Item } = await dynamodb.send(
      new GetItemCommand({ TableName: tickets, Key: { tripId: { S: tripId } }, ConsistentRead: true }),
    );
    const end = ends.get(id);
    const isDone = end === 'completed' && charged === 1 && refunded === 0 && Item !== undefined;
    const isUndone = end === 'compensated' && charged === refunded && charged <= 1 && Item === undefined;
    if (!(isDone || isUndone))
      leftBehind.push(`${tripId}: ${end ?? 'not ended'}, ${charged} charges, ${refunded} refunds`);
  }
  const of = (state: string) => [...ends.values()].filter((end) => end === state).length;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: seats, Key: { flight: { S: 'LH1' } }, ConsistentRead: true }),
  );
  const [completed, compensated] = [of('completed'), of('compensated')];
  const conserved =
    Number(Item?.left?.N) === SEATS - completed && provider.charges.length - provider.refunds.length === completed;
  return { started: count, completed, compensated, stuck: stuck.Count ?? 0, killed, leftBehind, conserved };
}

/** Processes of the functions whose logical ids begin so. */
function workersLike(engine: number, name: string): number[] {
  return workersOf(engine, `Travel-${name}`, '');
}
