import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, test } from 'vitest';
import { DynamoDbEngine } from '../../../../lib/testing/engines/dynamodb/engine.ts';
import { type DynamoDbCase, expectCase } from './case.ts';
import { CONDITION_CASES } from './condition.cases.ts';
import { ITEM_CASES } from './item.cases.ts';
import { TRANSACTION_CASES } from './transaction.cases.ts';
import { UPDATE_CASES } from './update.cases.ts';

const SUITES: Readonly<Record<string, readonly DynamoDbCase[]>> = {
  conditions: CONDITION_CASES,
  updates: UPDATE_CASES,
  items: ITEM_CASES,
  transactions: TRANSACTION_CASES,
};

/** Where DynamoDB Local listens, to ask it the same: the cases are then proved by an engine that AWS has made. */
const local = process.env.DYNAMODB_LOCAL_ENDPOINT;

describe.each(Object.entries(SUITES))('DynamoDB in memory: %s', (_, cases) => {
  test.for(cases.map((one) => [one.promise, one] as const))('%s', async ([, one]) => {
    await expectCase(new DynamoDbEngine({ now: () => 0 }).client(), 'rows', one);
  });
});

if (local) {
  describe.each(Object.entries(SUITES))('DynamoDB Local: %s', (suite, cases) => {
    const client = new DynamoDBClient({
      endpoint: local,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    const kept = cases.filter(({ notOnLocal }) => notOnLocal === undefined);
    test.for(kept.map((one, index) => [one.promise, index, one] as const))('%s', async ([, index, one]) => {
      await expectCase(client, `${suite}-${index}-${process.pid}-${process.hrtime.bigint()}`, one);
    });
  });
}
