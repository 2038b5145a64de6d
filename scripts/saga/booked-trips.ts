import { setTimeout as sleep } from 'node:timers/promises';
import { GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { BINDINGS } from 'waybill';
import { publish } from 'waybill/runtime';
import { workersOf } from '../../demo/worker-process.ts';
import { BookTrip } from '../../examples/travel/contract.ts';
import { runCommand } from '../../lib/local/command.ts';
import { AwsApi } from '../../test/conformance/aws-api.ts';
import { DUMMY_CREDENTIALS } from '../../test/conformance/clients.ts';
import type { Stage } from '../../test/engine/stage.ts';
import type { DrillProvider } from './provider.ts';

/** What a drill does. */
export interface DrillOptions {
  /** How many trips are booked. */
  readonly count: number;
  /** How many percent of them cannot be shipped. */
  readonly refuse: number;
  /** How many processes of steps are killed. */
  readonly kill: number;
  /** Of how many trips the money is not given back until somebody has decided. */
  readonly stuck: number;
  readonly say: (line: string) => void;
}

/** What has come of it. */
export interface DrillReport {
  readonly started: number;
  readonly completed: number;
  readonly compensated: number;
  /** Trips that were stuck, of which an alarm was told, and that `waybill saga <id> --retry` has mended. */
  readonly stuck: number;
  readonly killed: number;
  /** Each trip that is neither done nor undone, or that was stuck without anybody's being told. */
  readonly leftBehind: readonly string[];
  /** Whether seats, money and tickets add up. */
  readonly conserved: boolean;
}

const SEATS = 100_000;
const PATIENCE_MS = 720_000;
const LOOK_MS = 250;

/** Books trips on a deployed `examples/travel`, kills processes of its steps meanwhile, decides what is stuck, and audits. */
export async function drill(stage: Stage, provider: DrillProvider, options: DrillOptions): Promise<DrillReport> {
  const { count, refuse, kill, say } = options;
  const seat = { flight: { S: 'LH1' }, left: { N: String(SEATS) }, version: { N: '1' } };
  await stage.dynamodb.send(new PutItemCommand({ TableName: stage.output('SeatsTable'), Item: seat }));
  const trips = await bookTrips(stage, provider, options);
  say(`${count} trips are booked`);

  let killed = 0;
  const killOne = () => {
    const workers = ['ReserveSeats', 'ChargeTrip', 'ShipTickets'].flatMap((name) =>
      workersOf(stage.engine.pid, `Travel-${name}`, ''),
    );
    const one = workers[killed % Math.max(1, workers.length)];
    if (one === undefined) return;
    process.kill(one, 'SIGKILL');
    killed += 1;
    say(`killed a process of a step (${killed} of ${kill})`);
  };
  const ends = new Map<string, string | undefined>();
  const stuck = new Stuck(stage, provider, say);
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline && [...ends.values()].filter(Boolean).length < count) {
    await sleep(LOOK_MS);
    if (killed < kill) killOne();
    if (options.stuck > 0) await stuck.look();
    for (const { id } of trips) if (!ends.get(id)) ends.set(id, await endOf(stage, id));
  }
  const leftBehind = [...(await wrongTrips(stage, provider, trips, ends)), ...stuck.untold()];
  const of = (state: string) => [...ends.values()].filter((end) => end === state).length;
  const [completed, compensated] = [of('completed'), of('compensated')];
  const left = await row(stage, 'SeatsTable', { flight: { S: 'LH1' } });
  const conserved =
    Number(left?.left?.N) === SEATS - completed && provider.charges.length - provider.refunds.length === completed;
  if (refuse === 100 && completed > 0) leftBehind.push(`${completed} trips are completed that cannot be shipped`);
  return { started: count, completed, compensated, stuck: stuck.mended, killed, leftBehind, conserved };
}

interface BookedTrip {
  readonly id: string;
  readonly tripId: string;
}

async function bookTrips(stage: Stage, provider: DrillProvider, { count, refuse, stuck }: DrillOptions) {
  const environment = stage.environment({
    [BINDINGS.ledger]: stage.output('LedgerTable'),
    [BINDINGS.shards]: stage.output('LedgerShards'),
    [BINDINGS.producer]: 'drill',
  });
  const trips: BookedTrip[] = [];
  for (let number = 0; number < count; number++) {
    const isStuck = number < stuck;
    const to = isStuck || (number * 37) % 100 < refuse ? 'nowhere' : 'Lisbon';
    const trip = { tripId: `trip-${number}`, flight: 'LH1', seats: 1, cents: 5_000, to };
    const booked = await publish(BookTrip, trip, { environment });
    if (isStuck) provider.refundsNothingTo.add(booked.id);
    trips.push({ tripId: trip.tripId, ...booked });
  }
  return trips;
}

/** Looks after what is stuck as somebody on call does: once an alarm can have rung, the provider is mended, and it is retried. */
class Stuck {
  mended = 0;
  readonly #stage: Stage;
  readonly #provider: DrillProvider;
  readonly #say: (line: string) => void;
  readonly #seen = new Map<string, boolean>();

  constructor(stage: Stage, provider: DrillProvider, say: (line: string) => void) {
    this.#stage = stage;
    this.#provider = provider;
    this.#say = say;
  }

  /** What was stuck without that its alarm was given it. */
  untold(): string[] {
    return [...this.#seen].flatMap(([id, isMended]) => (isMended ? [] : [`${id} is stuck, and was not mended`]));
  }

  async look(): Promise<void> {
    const ledger = this.#stage.output('LedgerTable');
    const { Items = [] } = await this.#stage.dynamodb.send(
      new QueryCommand({
        TableName: ledger,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'stuck#book-trip' } },
      }),
    );
    for (const { sk } of Items) {
      const [execution = ''] = sk?.S?.split('#') ?? [];
      if (!this.#seen.has(execution)) this.#say(`${execution} is stuck`);
      this.#seen.set(execution, false);
    }
    if (Items.length === 0 || !(await this.#isAlarmTold())) return;
    for (const [execution, isMended] of this.#seen) if (!isMended) await this.#mend(execution, ledger);
  }

  /** Whether the keeper has counted what is stuck: the metric is a line of its log, and the alarm of the template watches it. */
  async #isAlarmTold(): Promise<boolean> {
    const { endpoint, region } = this.#stage.engine;
    const api = new AwsApi({ endpoint, region, credentials: DUMMY_CREDENTIALS });
    const { logGroups } = await api.call<{ logGroups: { logGroupName: string }[] }>('logs', 'DescribeLogGroups', {});
    for (const { logGroupName } of logGroups.filter((group) => group.logGroupName.includes('Keeper'))) {
      const found = { logGroupName, limit: 1_000 };
      const { events } = await api.call<{ events: { message: string }[] }>('logs', 'FilterLogEvents', found);
      if (events.some(({ message }) => /"book-trip\.saga-stuck":\[?[1-9]/.test(message))) return true;
    }
    return false;
  }

  async #mend(execution: string, ledger: string): Promise<void> {
    this.#provider.refundsNothingTo.delete(execution);
    const args = ['--conditions=waybill-source', 'bin/waybill.ts', 'saga', execution, '--retry', '--ledger', ledger];
    const environment = { ...process.env, ...this.#stage.engine.env };
    const { exitCode, lines } = await runCommand(process.execPath, args, { environment });
    this.#say(lines.join(' '));
    if (exitCode !== 0) return;
    this.#seen.set(execution, true);
    this.mended += 1;
  }
}

async function endOf(stage: Stage, id: string): Promise<string | undefined> {
  return (await row(stage, 'LedgerTable', { pk: { S: `saga#${id}` }, sk: { S: '#end' } }))?.state?.S;
}

async function row(stage: Stage, table: string, Key: Record<string, { readonly S: string }>) {
  const asked = new GetItemCommand({ TableName: stage.output(table), Key, ConsistentRead: true });
  return (await stage.dynamodb.send(asked)).Item;
}

/** Trips whose money and ticket are not as their end says. */
async function wrongTrips(
  stage: Stage,
  provider: DrillProvider,
  trips: readonly BookedTrip[],
  ends: ReadonlyMap<string, string | undefined>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { id, tripId } of trips) {
    const charged = provider.charges.filter((key) => key.startsWith(id)).length;
    const refunded = provider.refunds.filter((key) => key.startsWith(id)).length;
    const hasTicket = (await row(stage, 'TicketsTable', { tripId: { S: tripId } })) !== undefined;
    const end = ends.get(id);
    const isDone = end === 'completed' && charged === 1 && refunded === 0 && hasTicket;
    const isUndone = end === 'compensated' && charged === refunded && charged <= 1 && !hasTicket;
    if (!(isDone || isUndone)) wrong.push(`${tripId}: ${end ?? 'not ended'}, ${charged} charges, ${refunded} refunds`);
  }
  return wrong;
}
