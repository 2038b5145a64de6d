import { LIST_PRICES } from './list-prices.ts';

/** What a message takes of each service. */
export interface Consumption {
  readonly writeUnits: number;
  readonly readUnits: number;
  /** By code and by Lambda's pollers. */
  readonly sqsRequests: number;
  readonly invocations: number;
  readonly gigabyteSeconds: number;
  readonly eventBridgeEvents?: number;
  readonly snsPublishes?: number;
}

/** Records in an invocation, at load. */
export const RELAY_BATCH = 30;
export const CONSUMER_BATCH = 10;

/** Of Waybill's functions and of `ConsumerFunction`, by default. */
const GIGABYTES = 0.5;

/** What an invocation is taken to last: a relay's sends, then its receipt; a consumer's transactions side by side. */
export const INVOCATION_SECONDS = { relay: 0.06, consumer: 0.045 } as const;

/** The part of an invocation's time that falls to one of its records. */
export function gigabyteSeconds(relays: number, consumers: number): number {
  return GIGABYTES * (relays * INVOCATION_SECONDS.relay + consumers * INVOCATION_SECONDS.consumer);
}

/** Dollars of a million messages. */
export function dollarsAMillion(consumption: Consumption): number {
  const { eventBridgeEvents = 0, snsPublishes = 0 } = consumption;
  const dollars =
    consumption.writeUnits * LIST_PRICES.dynamodbWriteUnit +
    consumption.readUnits * LIST_PRICES.dynamodbReadUnit +
    consumption.sqsRequests * LIST_PRICES.sqsRequest +
    consumption.invocations * LIST_PRICES.lambdaRequest +
    consumption.gigabyteSeconds * LIST_PRICES.lambdaGigabyteSecond +
    eventBridgeEvents * LIST_PRICES.eventBridgeEvent +
    snsPublishes * LIST_PRICES.snsPublish;
  return dollars * 1e6;
}

/** What other ways take for a producer with a business write, and subscribers with one each. Reckoned, not counted. */
export const OTHERS: Readonly<Record<string, (subscribers: number) => Consumption>> = {
  /** The outbox row in a transaction; at each subscriber Powertools' two writes of a key, and the business write. */
  handWritten: (subscribers) => ({
    ...received(subscribers),
    writeUnits: 4 + 3 * subscribers,
    sqsRequests: (3 * subscribers) / CONSUMER_BATCH,
    invocations: 1 / RELAY_BATCH + subscribers / CONSUMER_BATCH,
    gigabyteSeconds: gigabyteSeconds(1 / RELAY_BATCH, subscribers / CONSUMER_BATCH),
  }),
  /** EventBridge sends each message by itself. */
  eventBridge: (subscribers) => ({
    ...received(subscribers),
    sqsRequests: subscribers * (1 + 2 / CONSUMER_BATCH),
    eventBridgeEvents: 1,
  }),
  sns: (subscribers) => ({ ...received(subscribers), snsPublishes: 1 }),
};

/** A business write at the producer and at each subscriber, which receives and deletes its batches. */
function received(subscribers: number): Consumption {
  return {
    writeUnits: 1 + subscribers,
    readUnits: 0,
    sqsRequests: (2 * subscribers) / CONSUMER_BATCH,
    invocations: subscribers / CONSUMER_BATCH,
    gigabyteSeconds: gigabyteSeconds(0, subscribers / CONSUMER_BATCH),
  };
}
