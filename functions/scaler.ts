import { LambdaClient } from '@aws-sdk/client-lambda';
import { createScaler } from '../lib/scale/scaler.ts';

const lambda = new LambdaClient();

export const handler = createScaler({
  lambda: () => lambda,
  cloudwatch: async () => {
    const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch');
    return new CloudWatchClient();
  },
});
