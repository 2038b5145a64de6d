import { setTimeout as sleep } from 'node:timers/promises';
import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { LambdaClient, ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type SubscriberDefinition, type TableItem, tableBinding } from 'waybill';
import { createEnvironment, type Environment, publish, transact } from 'waybill/runtime';
import { functionsOf } from '../../lib/cli/deployed-functions.ts';
import { median } from '../rounds.ts';
import { BookFifo, BookQueue, Books, MovedOnFifo, MovedOnQueue } from './contract.ts';
import { type Accounts, withAccounts } from './deployment.ts';

/** What came of alternating runs on one kind of queue. Lengths of time are milliseconds. */
export interface Alternated {
  readonly queue: string;
  /** From when the queue is read until the last message of another key takes effect: no key stuck, and one. */
  readonly free: readonly number[];
  readonly stuck: readonly number[];
  /** Runs in which a message of the stuck key took effect. */
  readonly ofStuck: number;
  /** Percent of the rate of others that was kept: the median of the rounds, so that what befalls one run decides nothing. */
  readonly kept: number;
}

const TURNS = ['free', 'stuck'] as const;
type Turn = (typeof TURNS)[number];

const STUCK = 'stuck';
/** Messages of the key that is stuck, among those of others. */
const OF_STUCK = 20;
const A_TRANSACTION = 10;
const PATIENCE_MS = 300_000;

/** A subscriber, and what it is measured by. */
interface Side {
  readonly queue: string;
  readonly event: typeof MovedOnQueue;
  readonly queueUrl: string;
  /** Has its event source read its queue, or not. */
  read(enabled: boolean): Promise<void>;
}

/**
 * Fills the queue of a subscriber that is switched off, one message a key, switches it on, and takes the time until all
 * keys but the stuck one have been moved: with a key whose first message is refused, and with none, by turns.
 */
export function alternateOnEngine(keys: number, rounds: number): Promise<Alternated[]> {
  return withAccounts(async (deployed) => {
    const environment = createEnvironment(deployed.variables);
    const results: Alternated[] = [];
    for (const side of await sidesOf(deployed)) results.push(await alternate(side, { environment, keys, rounds }));
    return results;
  });
}

interface Drive {
  readonly environment: Environment;
  readonly keys: number;
  readonly rounds: number;
}

async function alternate(side: Side, drive: Drive): Promise<Alternated> {
  const times: Record<Turn, number[]> = { free: [], stuck: [] };
  let ofStuck = 0;
  // Functions that have never run start slowly: the first round is not counted.
  for (let round = 0; round <= drive.rounds; round++) {
    for (const turn of round % 2 === 0 ? TURNS : TURNS.toReversed()) {
      const { took, isStuckMoved } = await drain(side, `${side.queue}-${round}-${turn}`, turn, drive);
      process.stderr.write(`${side.queue}, round ${round}, ${turn}: ${took} ms\n`);
      if (turn === 'stuck' && isStuckMoved) ofStuck++;
      if (round > 0) times[turn].push(took);
    }
  }
  const kept = median(times.free.map((took, round) => (100 * took) / (times.stuck[round] ?? Number.NaN)));
  return { queue: side.queue, ...times, ofStuck, kept };
}

async function drain({ event, queueUrl, read }: Side, run: string, turn: Turn, { environment, keys }: Drive) {
  const waiting = () => waitingIn(environment, queueUrl);
  await read(false);
  await publish(event, { run, account: STUCK, isRefused: turn === 'stuck' }, { environment });
  await publishAll(event, run, keys, environment);
  await until(`the messages of ${run} to wait`, async () => (await waiting()) >= keys + OF_STUCK + 1);
  const from = Date.now();
  await read(true);
  await until(`the queue of ${run} to be empty`, async () => (await waiting()) === 0);
  let moved: readonly Moved[] = [];
  const others = () => moved.filter(({ account }) => account !== STUCK);
  await until(`the others of ${run}`, async () => {
    moved = await movedIn(environment, run);
    return others().length >= keys;
  });
  return { took: Math.max(...others().map(({ at }) => at)) - from, isStuckMoved: others().length < moved.length };
}

/** A message of each key, and after every so many one of the key that is stuck. */
async function publishAll(event: Side['event'], run: string, keys: number, environment: Environment): Promise<void> {
  const move = (account: string) => ({ run, account, isRefused: false });
  for (let n = 0; n < OF_STUCK; n++) {
    const [first, last] = [n, n + 1].map((of) => Math.floor((of * keys) / OF_STUCK));
    const accounts = Array.from({ length: keys }, (_, key) => String(key)).slice(first, last);
    const transactions = Array.from({ length: Math.ceil(accounts.length / A_TRANSACTION) }, (_, index) =>
      accounts.slice(index * A_TRANSACTION, (index + 1) * A_TRANSACTION),
    );
    const send = (tx: Parameters<Parameters<typeof transact>[0]>[0], some: readonly string[]) => {
      for (const account of some) tx.publish(event, move(account));
    };
    await Promise.all(transactions.map((some) => transact((tx) => send(tx, some), { environment })));
    await publish(event, move(STUCK), { environment });
  }
}

type Moved = TableItem<typeof Books>;

async function movedIn({ dynamodb, variables }: Environment, run: string): Promise<Moved[]> {
  const pages = paginateQuery(
    { client: dynamodb as DynamoDBClient },
    {
      TableName: variables[tableBinding(Books.name)],
      KeyConditionExpression: 'run = :run',
      ExpressionAttributeValues: { ':run': { S: run } },
      ConsistentRead: true,
    },
  );
  const moved: Moved[] = [];
  for await (const { Items = [] } of pages) moved.push(...Items.map((item) => unmarshall(item) as Moved));
  return moved;
}

async function waitingIn({ sqs }: Environment, QueueUrl: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

/** A busy engine may leave a question unanswered: it is asked again. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(250)) {
    const answer = await isSo().catch((error: unknown) => ({ error }));
    if (answer === true) return;
    const cause = typeof answer === 'object' ? { cause: answer.error } : {};
    if (Date.now() > end) throw new Error(`Waited ${PATIENCE_MS} ms for ${what}`, cause);
  }
}

async function sidesOf({ ledger, queueUrl }: Accounts): Promise<Side[]> {
  const lambda = new LambdaClient({});
  const functions = await functionsOf(lambda, ledger);
  const side = (queue: string, subscriber: SubscriberDefinition, event: typeof MovedOnQueue): Side => ({
    queue,
    event,
    queueUrl: queueUrl(subscriber),
    read: async (Enabled) => {
      const FunctionName = functions.find(({ name }) => name === subscriber.name)?.functionName;
      const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
      for (const { UUID } of EventSourceMappings)
        await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    },
  });
  return [side('standard', BookQueue, MovedOnQueue), side('FIFO', BookFifo, MovedOnFifo)];
}
