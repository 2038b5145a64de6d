import {
  type EventSourceMappingConfiguration,
  LambdaClient,
  paginateListEventSourceMappings,
  UpdateEventSourceMappingCommand,
  type UpdateEventSourceMappingCommandInput,
} from '@aws-sdk/client-lambda';
import { WaybillError } from 'waybill';

/** Puts an event source back as it was. */
export type Mend = () => Promise<unknown>;

/** There is no such event source to meddle with. */
export class SourceMissing extends WaybillError {
  readonly code = 'source-missing';
}

const DIGITS = [...'0123456789abcdef'];

/** Has nothing read a queue any more, as a bad change of configuration would. */
export async function pauseQueue(queueUrl: string): Promise<Mend> {
  const name = queueUrl.split('/').at(-1);
  const { UUID } = await sourceOf(`the queue ${name}`, (arn) => arn.split(':').at(-1) === name);
  await update({ UUID, Enabled: false });
  return () => update({ UUID, Enabled: true });
}

/** The name of the function that reads a queue. */
export async function readerOf(queueUrl: string): Promise<string> {
  const name = queueUrl.split('/').at(-1);
  const { FunctionArn = '' } = await sourceOf(`the queue ${name}`, (arn) => arn.split(':').at(-1) === name);
  return FunctionArn.split(':')[6] ?? '';
}

/**
 * Has the relay pass by the messages whose id ends in a digit. Lambda drops what its filter does not let through, and
 * goes on behind it: no retry, no failure destination, no trace.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
export async function passBy(ledger: string, digit: string): Promise<Mend> {
  const { UUID, FilterCriteria } = await sourceOf(`the stream of ${ledger}`, (arn) =>
    arn.includes(`/${ledger}/stream/`),
  );
  const sk = { S: DIGITS.filter((one) => one !== digit).map((suffix) => ({ suffix })) };
  const Filters = (FilterCriteria?.Filters ?? []).map(({ Pattern = '{}' }) => {
    const { dynamodb, ...pattern } = JSON.parse(Pattern);
    return { Pattern: JSON.stringify({ ...pattern, dynamodb: { ...dynamodb, Keys: { ...dynamodb?.Keys, sk } } }) };
  });
  await update({ UUID, FilterCriteria: { Filters } });
  return () => update({ UUID, FilterCriteria: FilterCriteria ?? { Filters: [] } });
}

async function sourceOf(what: string, isMeant: (arn: string) => boolean): Promise<EventSourceMappingConfiguration> {
  for await (const page of paginateListEventSourceMappings({ client: new LambdaClient() }, {})) {
    const found = page.EventSourceMappings?.find(({ EventSourceArn = '' }) => isMeant(EventSourceArn));
    if (found) return found;
  }
  throw new SourceMissing(`No event source reads ${what}: deploy the shop again`);
}

async function update(change: UpdateEventSourceMappingCommandInput): Promise<void> {
  await new LambdaClient().send(new UpdateEventSourceMappingCommand(change));
}
