import type { Context, SQSEvent } from 'aws-lambda';

/** An SQS batch as Lambda delivers it, with one record for each body. */
export function sqsBatch(bodies: readonly string[]): SQSEvent {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `19dd0b57-b21e-4ac1-bd88-${String(index).padStart(12, '0')}`,
      receiptHandle: `AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a${index}${'p'.repeat(300)}`,
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1795421640000',
        SenderId: 'AROA4EXAMPLE:relay',
        ApproximateFirstReceiveTimestamp: '1795421640005',
      },
      messageAttributes: {},
      md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:take-payment',
      awsRegion: 'us-east-1',
    })),
  };
}

/** The context of an invocation that has all its time before it. */
export function lambdaContext(): Context {
  return {
    functionName: 'take-payment',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:take-payment',
    memoryLimitInMB: '512',
    awsRequestId: '5c4c6c1f-3b3f-4b61-8a2f-0b8d2f3e9a11',
    logGroupName: '/aws/lambda/take-payment',
    logStreamName: '2026/11/23/[$LATEST]1',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => 30_000,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
