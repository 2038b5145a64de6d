import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { summarize } from '../../lib/aws/invocation.ts';
import { SendFailed } from '../../lib/contract/errors.ts';
import { fakeEnvironment } from './fake-environment.ts';

describe('the summary of an invocation', () => {
  it('is one line with counts, calls, units and time', async () => {
    const environment = fakeEnvironment();
    await environment.dynamodb.send(new PutItemCommand({ TableName: 'before', Item: {} }));
    const result = await summarize(environment, 'batch', { subscriber: 'reserve-stock' }, async (counts) => {
      counts.add('handled');
      counts.add('handled', 2);
      counts.add('dead', 0);
      await environment.dynamodb.send(new PutItemCommand({ TableName: 'ledger', Item: {} }));
      await environment.sleep(40);
      return 'done';
    });
    expect(result).toBe('done');
    expect(environment.lines).toEqual([
      {
        level: 'info',
        message: 'batch',
        fields: {
          subscriber: 'reserve-stock',
          handled: 3,
          calls: { PutItem: 1 },
          writeUnits: 1,
          readUnits: 0,
          milliseconds: 40,
        },
      },
    ]);
    expect(environment.counted).toEqual({ 'batch.handled': 3 });
  });

  it('is written for an invocation that throws too, with the code of the error', async () => {
    const environment = fakeEnvironment();
    const failing = summarize(environment, 'relay', {}, async (counts) => {
      counts.add('records', 5);
      throw new SendFailed('no');
    });
    await expect(failing).rejects.toThrow(SendFailed);
    expect(environment.lines[0]?.fields).toMatchObject({ records: 5, failed: 'send-failed' });
    expect(environment.counted).toEqual({ 'relay.records': 5, 'relay.failed': 1 });
  });

  it('does not fail the business when log or metrics fail', async () => {
    const broken = () => {
      throw new Error('no space left on device');
    };
    const environment = {
      ...fakeEnvironment(),
      log: { info: broken, warn: broken, error: broken },
      metrics: { count: broken, flush: broken },
    };
    const result = await summarize(environment, 'batch', {}, async (counts) => {
      counts.add('handled');
      return 'done';
    });
    expect(result).toBe('done');
  });
});
