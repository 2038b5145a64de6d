import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutIntoBatches, putRecords, sendMessages } from '../../lib/aws/send-batch.ts';
import { type Answers, awsError, fakeEnvironment } from './fake-environment.ts';

const url = 'https://sqs/reserve-stock';
const messages = (count: number) => Array.from({ length: count }, (_, index) => ({ body: `message ${index}` }));
const records = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ data: Buffer.from(`record ${index}`), partitionKey: 'a' }));

/** Plays SQS: an entry fails while `fails` says so of its body and of how often the body has come. */
function queue(fails: (body: string, nth: number) => 'Throttled' | 'Invalid' | 'unanswered' | undefined) {
  const delivered: string[] = [];
  const seen = new Map<string, number>();
  const answer: Answers['SendMessageBatch'] = ({ Entries = [] }) => {
    const results = Entries.map(({ Id, MessageBody = '' }) => {
      const nth = seen.get(MessageBody) ?? 0;
      seen.set(MessageBody, nth + 1);
      const failure = fails(MessageBody, nth);
      if (failure === undefined) delivered.push(MessageBody);
      return { Id, failure };
    });
    return {
      Successful: results
        .filter(({ failure }) => failure === undefined)
        .map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })),
      Failed: results
        .filter(({ failure }) => failure === 'Throttled' || failure === 'Invalid')
        .map(({ Id, failure }) => ({ Id, Code: failure, SenderFault: failure === 'Invalid' })),
    };
  };
  return { delivered, answer };
}

describe('cutting into batches', () => {
  it('loses, doubles and reorders nothing, and keeps the limits', () => {
    const limits = { entries: 10, bytes: 100 };
    fc.assert(
      fc.property(fc.array(fc.nat(150), { maxLength: 200 }), (sizes) => {
        const entries = sizes.map((size, index) => ({ size, index }));
        const batches = cutIntoBatches(entries, limits, ({ size }) => size);
        expect(batches.flat()).toEqual(entries);
        for (const batch of batches) {
          const bytes = batch.reduce((sum, { size }) => sum + size, 0);
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(limits.entries);
          expect(bytes <= limits.bytes || batch.length === 1).toBe(true);
        }
      }),
    );
  });

  it('fills each batch as far as it goes', () => {
    const batches = cutIntoBatches([40, 60, 1, 100, 0, 1], { entries: 10, bytes: 100 }, (size) => size);
    expect(batches).toEqual([[40, 60], [1], [100, 0], [1]]);
  });
});

describe('sending to a queue', () => {
  it('delivers every entry once its failures have passed, each exactly once, and names those that never pass', async () => {
    const patterns = fc.array(fc.tuple(fc.nat(5), fc.constantFrom('Throttled' as const, 'unanswered' as const)), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(patterns, async (failures) => {
        const { delivered, answer } = queue((body, nth) => {
          const [times, how] = failures[Number(body.split(' ')[1])]!;
          return nth < times ? how : undefined;
        });
        const environment = fakeEnvironment({ answers: { SendMessageBatch: answer } });
        const failed = await sendMessages(environment, url, messages(failures.length));
        const named = failed.map(({ index }) => `message ${index}`);
        expect([...delivered, ...named].sort()).toEqual(
          messages(failures.length)
            .map(({ body }) => body)
            .sort(),
        );
        expect(failed.map(({ index }) => index)).toEqual(
          failures.flatMap(([times], index) => (times >= 4 ? [index] : [])),
        );
      }),
    );
  });

  it('does not repeat an entry that is refused for what it is', async () => {
    const { delivered, answer } = queue((body) => (body === 'message 3' ? 'Invalid' : undefined));
    const environment = fakeEnvironment({ answers: { SendMessageBatch: answer } });
    const failed = await sendMessages(environment, url, messages(12));
    expect(failed).toEqual([{ index: 3, code: 'Invalid', detail: '', lasting: true }]);
    expect(delivered).toHaveLength(11);
    expect(environment.inputs('SendMessageBatch')).toHaveLength(2);
  });

  it('sends again what a time-out left open, and stops at once where the queue does not exist', async () => {
    const flaky = fakeEnvironment({
      answers: {
        SendMessageBatch: ({ Entries = [] }, nth) => {
          if (nth < 2) throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
          return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
        },
      },
    });
    expect(await sendMessages(flaky, url, messages(3))).toEqual([]);

    const gone = fakeEnvironment({
      answers: {
        SendMessageBatch: () => {
          throw awsError('QueueDoesNotExist');
        },
      },
    });
    expect(await sendMessages(gone, url, messages(2))).toMatchObject([
      { index: 0, code: 'QueueDoesNotExist' },
      { index: 1, code: 'QueueDoesNotExist' },
    ]);
    expect(gone.inputs('SendMessageBatch')).toHaveLength(1);
  });

  it('gives up in bounded time when each request takes long', async () => {
    const environment = fakeEnvironment({
      answers: {
        SendMessageBatch: () => {
          environment.advance(6_000);
          throw Object.assign(new Error('timed out'), { name: 'TimeoutError' });
        },
      },
    });
    const started = environment.now();
    expect(await sendMessages(environment, url, messages(1))).toMatchObject([{ index: 0, code: 'TimeoutError' }]);
    expect(environment.now() - started).toBeLessThan(20_000);
  });

  it('carries attributes, delay and trace header', async () => {
    const environment = fakeEnvironment();
    const entry = { body: 'x', attributes: { colour: 'red' }, delaySeconds: 7, traceHeader: 'Root=1-5759e988-bd862' };
    await sendMessages(environment, url, [entry]);
    expect(environment.inputs('SendMessageBatch')).toEqual([
      {
        QueueUrl: url,
        Entries: [
          {
            Id: '0',
            MessageBody: 'x',
            DelaySeconds: 7,
            MessageAttributes: { colour: { DataType: 'String', StringValue: 'red' } },
            MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-5759e988-bd862' } },
          },
        ],
      },
    ]);
  });

  it('makes no call for nothing, and keeps a request below 1 MiB with its attributes', async () => {
    const environment = fakeEnvironment();
    await sendMessages(environment, url, []);
    expect(environment.calls).toEqual([]);
    const half = { body: 'x'.repeat(512 * 1024), attributes: { a: 'b' } };
    await sendMessages(environment, url, [half, half]);
    expect(environment.inputs('SendMessageBatch').map(({ Entries }) => Entries?.length)).toEqual([1, 1]);
  });

  it('has at most 8 requests under way at once', async () => {
    let atOnce = 0;
    let most = 0;
    const environment = fakeEnvironment({
      answers: {
        SendMessageBatch: async ({ Entries = [] }) => {
          most = Math.max(most, ++atOnce);
          await environment.sleep(10);
          atOnce--;
          return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'sent', MD5OfMessageBody: '' })) };
        },
      },
    });
    await sendMessages(environment, url, messages(200));
    expect(most).toBe(8);
  });
});

describe('putting records into a stream', () => {
  it('puts again what the reply reports as failed, in 500s', async () => {
    const put: string[] = [];
    const environment = fakeEnvironment({
      answers: {
        PutRecords: ({ Records = [] }, nth) => ({
          Records: Records.map(({ Data }, place) => {
            if (nth < 3 && place % 7 === nth) return { ErrorCode: 'ProvisionedThroughputExceededException' };
            put.push(Buffer.from(Data as Uint8Array).toString());
            return { ShardId: 'shardId-0', SequenceNumber: '1' };
          }),
        }),
      },
    });
    expect(await putRecords(environment, 'clicks', records(1_200))).toEqual([]);
    expect(new Set(put).size).toBe(1_200);
    expect(put).toHaveLength(1_200);
    expect(environment.inputs('PutRecords').map((input) => input.Records?.length)).toEqual([500, 500, 200, 173]);
  });

  it('names the records that a shard never took, and those that the reply forgot', async () => {
    const environment = fakeEnvironment({
      answers: {
        PutRecords: ({ Records = [] }) => ({
          Records: Records.filter(({ Data }) => String(Data) !== 'record 2').map(({ Data }) =>
            String(Data) === 'record 0' ? { ErrorCode: 'InternalFailure', ErrorMessage: 'oh' } : { ShardId: 'a' },
          ),
        }),
      },
    });
    expect(await putRecords(environment, 'clicks', records(3))).toEqual([
      { index: 0, code: 'InternalFailure', detail: 'oh', lasting: false },
      { index: 2, code: 'unanswered', detail: 'The reply of PutRecords does not name this entry', lasting: false },
    ]);
  });

  it('counts the partition keys to the 10 MiB', async () => {
    const environment = fakeEnvironment();
    const large = { data: new Uint8Array(5 * 1024 * 1024), partitionKey: 'a' };
    await putRecords(environment, 'clicks', [large, large]);
    expect(environment.inputs('PutRecords')).toHaveLength(2);
  });
});
