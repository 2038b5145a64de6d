import { zipArchive } from '../../engine/zip-archive.ts';
import type { Clients } from '../clients.ts';
import type { Scratch } from '../scratch.ts';

/** What one invocation was given: of each record its text, in order. */
export type Batch = readonly string[];

const FUNCTIONS = '/2015-03-31/functions';
const SOURCES = '/2015-03-31/event-source-mappings';

/**
 * The text of a record is an SQS body, the data of a Kinesis record, or `EVENT:sort key` of a DynamoDB change; its id is
 * what a partial batch answer names it by. `act` sees `texts`, `ids` and `failures(test)`, which answers that the records
 * whose text the test says true of have failed.
 */
const program = (act: string) => `
exports.handler = async (event) => {
  const textOf = (record) => record.body
    ?? (record.kinesis && Buffer.from(record.kinesis.data, 'base64').toString())
    ?? record.eventName + ':' + record.dynamodb.Keys.sk.S;
  const idOf = (record) => record.messageId ?? record.kinesis?.sequenceNumber ?? record.dynamodb.SequenceNumber;
  const texts = event.Records.map(textOf);
  const ids = event.Records.map(idOf);
  const failures = (test) => ({
    batchItemFailures: ids.filter((_, index) => test(texts[index])).map((itemIdentifier) => ({ itemIdentifier })),
  });
  console.log(JSON.stringify({ batch: texts }));
  ${act}
};
`;

/** A function of a case with its event source. What it was given is read from its log. */
export class ScratchFunction {
  readonly #aws: Clients;
  readonly #scratch: Scratch;
  readonly #name: string;

  private constructor(aws: Clients, scratch: Scratch, name: string) {
    this.#aws = aws;
    this.#scratch = scratch;
    this.#name = name;
  }

  /** @param act the end of the handler: JavaScript that sees `texts`, `ids` and `failures` */
  static async create(aws: Clients, scratch: Scratch, act = ''): Promise<ScratchFunction> {
    const { api } = aws;
    const name = scratch.name();
    const logGroupName = `/aws/lambda/${name}`;
    scratch.defer(() => api.call('logs', 'DeleteLogGroup', { logGroupName }));
    await api.rest('lambda', 'POST', FUNCTIONS, {
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Role: scratch.role,
      Handler: 'index.handler',
      Timeout: 2,
      Code: { ZipFile: zipArchive('index.js', program(act)).toString('base64') },
    });
    scratch.defer(() => api.rest('lambda', 'DELETE', `${FUNCTIONS}/${name}`));
    for (;;) {
      const { State } = await api.rest<{ State?: string }>('lambda', 'GET', `${FUNCTIONS}/${name}/configuration`);
      if (State !== 'Pending') return new ScratchFunction(aws, scratch, name);
      await scratch.sleep(500);
    }
  }

  /** Makes it read from an event source. @param settings of CreateEventSourceMapping */
  async readFrom(EventSourceArn: string, settings: object = {}): Promise<void> {
    const { api } = this.#aws;
    const request = { EventSourceArn, FunctionName: this.#name, Enabled: true, ...settings };
    const { UUID } = await api.rest<{ UUID: string }>('lambda', 'POST', `${SOURCES}/`, request);
    this.#scratch.defer(() => api.rest('lambda', 'DELETE', `${SOURCES}/${UUID}`));
    for (;;) {
      const { State } = await api.rest<{ State?: string }>('lambda', 'GET', `${SOURCES}/${UUID}`);
      if (State === undefined || State === 'Enabled') return;
      await this.#scratch.sleep(500);
    }
  }

  /** What it was given, once `isEnough` says so, or when the time is over. */
  async batches(isEnough: (batches: readonly Batch[]) => boolean, seconds = 60): Promise<readonly Batch[]> {
    const end = this.#scratch.now() + seconds * 1000;
    for (;;) {
      const batches = await this.#logged();
      if (isEnough(batches) || this.#scratch.now() >= end) return batches;
      await this.#scratch.sleep(300);
    }
  }

  async #logged(): Promise<Batch[]> {
    const logGroupName = `/aws/lambda/${this.#name}`;
    try {
      const { events } = await this.#aws.api.call<{ events: readonly { message: string }[] }>(
        'logs',
        'FilterLogEvents',
        { logGroupName },
      );
      return events.flatMap(({ message }) => {
        const json = message.indexOf('{"batch"');
        return json >= 0 ? [(JSON.parse(message.slice(json)) as { batch: Batch }).batch] : [];
      });
    } catch (error) {
      // There is no log before the first invocation.
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return [];
      throw error;
    }
  }
}

/** How often a text was given. */
export function timesOf(text: string, batches: readonly Batch[]): number {
  return batches.flat().filter((one) => one === text).length;
}
