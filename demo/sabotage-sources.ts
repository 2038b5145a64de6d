import {
  type EventSourceMappingConfiguration,
  type FilterCriteria,
  LambdaClient,
  paginateListEventSourceMappings,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { WaybillError } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { OUTBOX_PREFIX } from '../lib/ledger/rows/layout.ts';

/** Puts an event source back as it was. */
export type Mend = () => Promise<void>;

/** There is no such event source to meddle with. */
export class SourceMissing extends WaybillError {
  readonly code = 'source-missing';
}

const DIGITS = '0123456789abcdef';

/** Meddles with the event sources of the deployed functions, as a bad change of configuration would. */
export class SabotageSources {
  readonly #environment: Pick<Environment, 'sqs'>;
  readonly #lambda = new LambdaClient();

  constructor(environment: Pick<Environment, 'sqs'>) {
    this.#environment = environment;
  }

  /** Has nothing read a queue any more. */
  async pause(QueueUrl: string): Promise<Mend> {
    const { Attributes } = await this.#environment.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const arn = Attributes?.QueueArn ?? '';
    const { UUID } = await this.#only(`the queue ${QueueUrl}`, ({ EventSourceArn }) => EventSourceArn === arn);
    await this.#update(UUID, { Enabled: false });
    return () => this.#update(UUID, { Enabled: true });
  }

  /**
   * Has the relay pass by the messages whose id ends in a digit. Lambda drops what its filter does not let through, and
   * goes on behind it: no retry, no failure destination, no trace.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
   */
  async forget(ledger: string, digit: string): Promise<Mend> {
    const { UUID, FilterCriteria: before } = await this.#only(
      `the stream of ${ledger}`,
      ({ EventSourceArn = '' }) =>
        EventSourceArn.includes(':dynamodb:') && EventSourceArn.includes(`/${ledger}/stream/`),
    );
    const others = [...DIGITS].filter((one) => one !== digit).map((suffix) => ({ suffix }));
    const pattern = {
      eventName: ['INSERT'],
      dynamodb: { Keys: { pk: { S: [{ prefix: OUTBOX_PREFIX }] }, sk: { S: others } } },
    };
    await this.#update(UUID, { FilterCriteria: { Filters: [{ Pattern: JSON.stringify(pattern) }] } });
    return () => this.#update(UUID, { FilterCriteria: before ?? { Filters: [] } });
  }

  async #only(
    what: string,
    isMeant: (source: EventSourceMappingConfiguration) => boolean,
  ): Promise<EventSourceMappingConfiguration> {
    for await (const page of paginateListEventSourceMappings({ client: this.#lambda }, {})) {
      const found = page.EventSourceMappings?.find(isMeant);
      if (found) return found;
    }
    throw new SourceMissing(`No event source reads ${what}: deploy the shop again`);
  }

  async #update(
    UUID: string | undefined,
    change: { readonly Enabled?: boolean; readonly FilterCriteria?: FilterCriteria },
  ): Promise<void> {
    await this.#lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...change }));
  }
}
