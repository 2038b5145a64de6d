import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AwsApi, type Destination } from './aws-api.ts';

/** Clients of one engine. */
export interface Clients {
  readonly dynamodb: Pick<DynamoDBClient, 'send'>;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly kinesis: Pick<KinesisClient, 'send'>;
  /** The services for which no client is installed. */
  readonly api: Pick<AwsApi, 'call' | 'rest'>;
}

/** What engines accept in place of secrets. */
export const DUMMY_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

export interface ClosableClients extends Clients {
  close(): void;
}

/** Clients of one destination. A refusal is not tried again, so that each is seen. */
export function clientsOf(destination: Destination): ClosableClients {
  const { endpoint, region, credentials } = destination;
  const options = {
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    // On AWS alone do throttles mean anything: there, as many attempts as the SDK makes.
    ...(endpoint !== undefined && { maxAttempts: 1 }),
  };
  const dynamodb = new DynamoDBClient(options);
  // The Kinesis client would speak HTTP/2, which engines without TLS do badly or not at all.
  const http1 = endpoint !== undefined && { requestHandler: dynamodb.config.requestHandler };
  const clients = {
    dynamodb,
    sqs: new SQSClient(options),
    kinesis: new KinesisClient({ ...options, ...http1 }),
    api: new AwsApi(destination),
  };
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
