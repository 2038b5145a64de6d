import { Rejected } from 'waybill';
import { createEnvironment, ENVIRONMENT, type Environment } from 'waybill/runtime';
import { createRelay } from '../../lib/relay/relay.ts';
import { booking, type Meet } from '../engine/accounts/booking.ts';
import { Book, Tally } from '../engine/accounts/contract.ts';
import { type Answer, type Death, FAILING, type Order, REFUSED } from './order-invocation.ts';

const WRITES = ['TransactWriteItemsCommand', 'PutItemCommand', 'SendMessageBatchCommand', 'PutRecordsCommand'];

let isRefused = true;

const meet: Meet = ({ account, movement }, attempt) => {
  if (isRefused && account === REFUSED.account && movement === REFUSED.movement)
    throw new Rejected('the books are closed');
  if (account === FAILING.account && movement === FAILING.movement && attempt <= FAILING.attempts) {
    throw new Error('the books are in use');
  }
};

const HANDLERS: Readonly<Record<string, () => unknown>> = {
  [Book.name]: () => booking(Book, meet),
  [Tally.name]: () => booking(Tally, meet),
  relay: createRelay,
};
const handler = HANDLERS[process.argv[2] ?? '']?.() as (event: object, context: object) => unknown;
const environment = createEnvironment();

process.on('message', async ({ turn, event, remaining, death, ...given }: Order) => {
  isRefused = given.isRefused;
  const deadline = Date.now() + remaining;
  const context = {
    getRemainingTimeInMillis: () => deadline - Date.now(),
    functionName: process.argv[2],
    awsRequestId: String(turn),
    [ENVIRONMENT]: death ? mortal(environment, death) : environment,
  };
  try {
    process.send?.({ turn, answer: await handler(event, context) } satisfies Answer);
  } catch (error) {
    process.send?.({ turn, error: String(error) } satisfies Answer);
  }
});

/** An environment in which the first request that writes or sends ends the process, as when its machine fails. */
function mortal({ dynamodb, sqs, kinesis, ...others }: Environment, death: Death): Environment {
  const deadly = <Client extends { send: unknown }>(client: Client): Pick<Client, 'send'> => {
    const send = client.send as (command: object) => Promise<object>;
    return {
      send: (async (command: object) => {
        const isLast = WRITES.includes(command.constructor.name);
        if (isLast && death === 'before') process.kill(process.pid, 'SIGKILL');
        const answer = await send.call(client, command);
        if (isLast) process.kill(process.pid, 'SIGKILL');
        return answer;
      }) as Client['send'],
    };
  };
  return { ...others, dynamodb: deadly(dynamodb), sqs: deadly(sqs), kinesis: async () => deadly(await kinesis()) };
}
