import { LambdaClient } from '@aws-sdk/client-lambda';
import { createController } from '../lib/circuit/controller.ts';

const lambda = new LambdaClient({
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 100_000, throwOnRequestTimeout: true },
  maxAttempts: 1,
});

export const handler = createController({ lambda: () => lambda });
