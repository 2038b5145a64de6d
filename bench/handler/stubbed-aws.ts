import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';

/**
 * Where the network is cut: at the client's `send`, so that nothing but the library and the handler is measured, or beneath
 * the SDK, whose serializing, signing and reading of each call is measured with them.
 */
export type Cut = 'above the SDK' | 'beneath the SDK';

export interface StubbedAws {
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  /** Calls so far. */
  calls(): number;
}

/** AWS clients that answer each call at once, and successfully. */
export function stubbedAws(cut: Cut): StubbedAws {
  let calls = 0;
  const config = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not a secret' },
    requestHandler: {
      handle: async () => {
        calls++;
        return {
          response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: EMPTY },
        };
      },
    },
  };
  const dynamodb = new DynamoDBClient(config);
  const sqs = new SQSClient({ ...config, md5: false });
  if (cut === 'above the SDK') {
    const send = async () => {
      calls++;
      return {};
    };
    Object.assign(dynamodb, { send });
    Object.assign(sqs, { send });
  }
  return { dynamodb, sqs, calls: () => calls };
}

const EMPTY = new TextEncoder().encode('{}');
