import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetQueueAttributesCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { BINDINGS, type EventInput, type SubscriberDefinition, type TableItem, tableBinding } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { transact } from 'waybill/runtime';
import { type Letter, readLetters } from '../dead-letters.ts';
import { LedgerReader } from '../ledger-reader.ts';
import { clientOptions, type Stage, setStage } from '../stage.ts';
import { readTable } from '../table-reader.ts';
import { Wire } from '../wire.ts';
import { CountParcel, DeliverParcel, Effects, ParcelAccepted, ParcelStamped, StampParcel, Totals } from './contract.ts';

export type Parcel = EventInput<typeof ParcelAccepted>;
export type Effect = TableItem<typeof Effects>;
export type Total = TableItem<typeof Totals>;

/** A subscriber of the deployed courier. */
export interface Station {
  readonly name: string;
  /** The name of its function. */
  readonly function: string;
  /** Its own queue; of a stream's subscriber, its retry queue. */
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** The courier, deployed, with every call of its functions and of its producer going over a wire. */
export class Courier {
  readonly stage: Stage;
  readonly wire: Wire;
  readonly ledger: LedgerReader;
  readonly stamp: Station;
  readonly deliver: Station;
  readonly count: Station;
  /** The name of the relay's function. */
  readonly relay: string;
  readonly #producer: Environment;
  readonly #producersClient: DynamoDBClient;

  private constructor(stage: Stage, wire: Wire) {
    this.stage = stage;
    this.wire = wire;
    this.ledger = new LedgerReader(stage, stage.output(BINDINGS.ledger));
    this.stamp = this.#station(StampParcel);
    this.deliver = this.#station(DeliverParcel);
    this.count = this.#station(CountParcel);
    this.relay = stage.output('relay');
    this.#producersClient = new DynamoDBClient({ ...clientOptions(wire.endpoint), userAgentAppId: 'producer' });
    this.#producer = {
      ...stage.environment({
        [BINDINGS.ledger]: stage.output(BINDINGS.ledger),
        [BINDINGS.shards]: stage.output(BINDINGS.shards),
        [BINDINGS.producer]: 'counter',
      }),
      dynamodb: this.#producersClient,
    };
  }

  static async deploy(): Promise<Courier> {
    const stage = await setStage('parcels');
    const wire = await Wire.to(stage.engine.endpoint);
    const courier = new Courier(stage, wire);
    await courier.#connect();
    return courier;
  }

  get stations(): readonly Station[] {
    return [this.stamp, this.deliver, this.count];
  }

  /** Accepts a parcel: returns the id of the message. */
  async accept(parcel: Parcel): Promise<string> {
    const { ids } = await transact((tx) => void tx.publish(ParcelAccepted, parcel), { environment: this.#producer });
    return ids[0] as string;
  }

  /** Accepts parcels, some at once. */
  async acceptAll(parcels: readonly Parcel[]): Promise<string[]> {
    const ids: string[] = [];
    const left = [...parcels.entries()];
    const worker = async () => {
      for (let next = left.shift(); next; next = left.shift()) ids[next[0]] = await this.accept(next[1]);
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return ids;
  }

  /** Puts bytes into a station's queue, past relay and wire. */
  async putIntoQueue({ queueUrl }: Station, body: string, letter?: Letter): Promise<void> {
    const MessageAttributes = letter?.attributes;
    await this.stage.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageAttributes }));
  }

  /** Puts bytes onto the stream, past relay and wire. */
  async putOntoStream(records: readonly (string | Uint8Array)[]): Promise<void> {
    const Records = records.map((Data, index) => ({ Data: Buffer.from(Data), PartitionKey: String(index) }));
    await this.stage.kinesis.send(new PutRecordsCommand({ StreamName: this.stage.output('stream'), Records }));
  }

  effects(): Promise<Effect[]> {
    return readTable(this.stage, this.stage.output(tableBinding(Effects.name)));
  }

  totals(): Promise<Total[]> {
    return readTable(this.stage, this.stage.output(tableBinding(Totals.name)));
  }

  letters({ deadLetterQueueUrl }: Station): Promise<Letter[]> {
    return readLetters(this.stage, deadLetterQueueUrl);
  }

  /** How many messages are in a station's queue, those that are being handled or rest included. */
  async queued({ queueUrl }: Pick<Station, 'queueUrl'>): Promise<number> {
    const { Attributes = {} } = await this.stage.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
    );
    const names = ['', 'NotVisible', 'Delayed'].map((which) => `ApproximateNumberOfMessages${which}` as const);
    return names.reduce((sum, name) => sum + Number(Attributes[name as keyof typeof Attributes] ?? 0), 0);
  }

  /**
   * Until nothing lies in any queue, nothing rests there to be tried again, and nobody calls AWS any more.
   *
   * @param silence how long, in milliseconds, nobody must have called: a stream's source, which no queue tells of, rests
   * for 1 s after an invocation that failed
   */
  async untilQuiet(silence = 1_500): Promise<void> {
    for (const station of this.stations) {
      while ((await this.queued(station)) > 0) await sleep(100);
    }
    await this.wire.quiet(silence);
  }

  async setQueue({ queueUrl }: Station, attributes: Record<string, string>): Promise<void> {
    await this.stage.sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: attributes }));
  }

  async stop(): Promise<void> {
    this.#producersClient.destroy();
    await this.stage.stop();
    await this.wire.close();
  }

  #station({ name }: SubscriberDefinition): Station {
    return {
      name,
      function: this.stage.output(name),
      queueUrl: this.stage.output(`${name}-queue`),
      deadLetterQueueUrl: this.stage.output(`${name}-dead-letters`),
    };
  }

  /** Has the deployed functions call AWS over the wire. */
  async #connect(): Promise<void> {
    const { lambda } = this.stage;
    const { endpoint } = this.wire;
    const endpoints = {
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_ENDPOINT_URL_SQS: endpoint,
      AWS_ENDPOINT_URL_KINESIS: endpoint,
    };
    await lambda.setVariables(this.relay, { ...endpoints, AWS_SDK_UA_APP_ID: 'relay' });
    for (const { name, function: handler, queueUrl, deadLetterQueueUrl } of this.stations) {
      await lambda.setVariables(handler, {
        ...endpoints,
        AWS_SDK_UA_APP_ID: name,
        [BINDINGS.queueUrl]: this.wire.queueUrl(queueUrl),
        [BINDINGS.deadLetterQueueUrl]: this.wire.queueUrl(deadLetterQueueUrl),
      });
    }
    // The SDK calls SQS where a queue's URL points, whatever the endpoint is.
    for (const { type } of [ParcelAccepted, ParcelStamped]) {
      await this.ledger.redirect(type, (url) => this.wire.queueUrl(url));
    }
  }
}
