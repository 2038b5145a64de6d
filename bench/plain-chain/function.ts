import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { KinesisStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { usageSince } from '../../lib/aws/invocation.ts';
import { countUsage, noUsage, type Usage } from '../../lib/aws/usage.ts';
import type { Aws } from './aws.ts';

type Step<Message> = (aws: Aws, message: Message) => Promise<void>;

const usage = noUsage();
let ofProcess: Aws | undefined;

/** A function on a queue: the records of a batch at once, and those that failed come again. */
export function onQueue<Message>(step: Step<Message>): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return ({ Records }) =>
    reported(async () => {
      const failed = await failures(
        step,
        Records.map(({ body }) => body),
      );
      return { batchItemFailures: failed.map((index) => ({ itemIdentifier: Records[index]?.messageId ?? '' })) };
    });
}

/** A function on a stream: ten records of a batch at once, and from the first that failed on they come again. */
export function onStream<Message>(step: Step<Message>): (event: KinesisStreamEvent) => Promise<SQSBatchResponse> {
  return ({ Records }) =>
    reported(async () => {
      const texts = Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString());
      for (let start = 0; start < texts.length; start += 10) {
        const [first] = await failures(step, texts.slice(start, start + 10));
        if (first === undefined) continue;
        return { batchItemFailures: [{ itemIdentifier: Records[start + first]?.kinesis.sequenceNumber ?? '' }] };
      }
      return { batchItemFailures: [] };
    });
}

async function failures<Message>(step: Step<Message>, texts: readonly string[]): Promise<number[]> {
  const outcomes = await Promise.allSettled(texts.map(async (text) => step(aws(), JSON.parse(text) as Message)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') console.error(String(outcome.reason));
  return outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
}

/** One line an invocation, with the fields by which Waybill's own functions report what they have cost. */
async function reported<Result>(run: () => Promise<Result>): Promise<Result> {
  const before: Usage = { ...usage, calls: { ...usage.calls } };
  const result = await run();
  console.log(JSON.stringify({ message: 'batch', timestamp: new Date().toISOString(), ...usageSince(before, usage) }));
  return result;
}

function aws(): Aws {
  if (!ofProcess) {
    const kinesis = countUsage(new KinesisClient({}), usage);
    ofProcess = {
      dynamodb: countUsage(new DynamoDBClient({}), usage),
      sqs: countUsage(new SQSClient({}), usage),
      kinesis: async () => kinesis,
      variables: process.env,
    };
  }
  return ofProcess;
}
