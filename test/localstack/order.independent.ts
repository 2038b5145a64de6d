import { afterAll, describe, test } from 'vitest';
import { DYNAMODB_LOCAL } from '../../lib/local/engines/dynamodb-local.ts';
import { LOCALSTACK } from '../../lib/local/engines/localstack.ts';
import { EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing } from '../../lib/local/errors.ts';
import { startServer } from '../../lib/local/server.ts';
import { ELASTICMQ } from '../conformance/engines/elasticmq.ts';
import { testOrderPath } from './order-path.ts';

const LACKING = [EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing];

const starting = await Promise.allSettled([LOCALSTACK, DYNAMODB_LOCAL, ELASTICMQ].map((engine) => startServer(engine)));
const started = starting.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
afterAll(() => Promise.all(started.map(({ stop }) => stop())));

const failed = starting.find((outcome) => outcome.status === 'rejected');
if (failed && !LACKING.some((kind) => failed.reason instanceof kind)) throw failed.reason;
if (failed) {
  test('what is left out says why', ({ skip }) => {
    console.error(`Left out: ${failed.reason.message}`);
    skip(failed.reason.message);
  });
} else {
  const [localstack = '', dynamodb = '', elasticmq = ''] = started.map(({ state }) => state.endpoint);
  const variables = {
    AWS_ENDPOINT_URL: localstack,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  describe('with FIFO queues and a stream of LocalStack', () => testOrderPath(variables));
  describe('with FIFO queues of ElasticMQ and a stream of LocalStack', () =>
    testOrderPath({ ...variables, AWS_ENDPOINT_URL_SQS: elasticmq }));
}
