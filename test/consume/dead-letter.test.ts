import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queueEntryBytes } from '../../lib/aws/send-batch.ts';
import { type DeadLetter, readDeadLetter, sendDeadLetters } from '../../lib/consume/dead-letter.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { awsError, type FakeEnvironment, fakeEnvironment } from '../aws/fake-environment.ts';

const target = { queueUrl: 'https://sqs/reserve-stock-dead', bucket: 'quarantine', subscriber: 'reserve-stock' };

const letter = (bytes: Uint8Array | string, rest: Partial<DeadLetter> = {}): DeadLetter => ({
  bytes,
  reason: 'malformed-message',
  detail: 'The record is not JSON',
  sourceEventId: 'a6e1b0a0-5f0e-4a3f-9a59-1f6f2a7f0c11',
  ...rest,
});

/** What lies in the dead-letter queue afterwards. */
function sent(environment: FakeEnvironment) {
  return environment
    .inputs('SendMessageBatch')
    .flatMap(({ Entries = [] }) => Entries)
    .map((entry) => ({
      body: entry.MessageBody ?? '',
      attributes: Object.fromEntries(
        Object.entries(entry.MessageAttributes ?? {}).map(([name, value]) => [name, value.StringValue]),
      ),
    }));
}

async function fetchFrom(environment: FakeEnvironment, bucket: string, key: string): Promise<Uint8Array> {
  const object = environment.inputs('PutObject').findLast((input) => input.Bucket === bucket && input.Key === key);
  return object!.Body as Uint8Array;
}

async function roundTrip(given: DeadLetter) {
  const environment = fakeEnvironment();
  expect(await sendDeadLetters(environment, target, [given])).toEqual([]);
  const [message] = sent(environment);
  const content = await readDeadLetter(message!, (bucket, key) => fetchFrom(environment, bucket, key));
  return { environment, message: message!, content };
}

/** What SQS may carry: anything else is refused with InvalidMessageContents. */
function isCarried(text: string): boolean {
  return [...text].every((character) => {
    const point = character.codePointAt(0)!;
    if ([0x9, 0xa, 0xd].includes(point) || point >= 0x10000) return true;
    return (point >= 0x20 && point <= 0xd7ff) || (point >= 0xe000 && point <= 0xfffd);
  });
}

describe('a dead letter', () => {
  it('gives back whatever bytes went in, and is something that SQS takes', async () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' }));
    const given = fc.record({ bytes, reason: fc.string(), detail: fc.string({ unit: 'binary', maxLength: 3000 }) });
    await fc.assert(
      fc.asyncProperty(given, async ({ bytes, reason, detail }) => {
        const { message, content } = await roundTrip(letter(bytes, { reason, detail }));
        expect(Buffer.compare(content.bytes, Buffer.from(bytes))).toBe(0);
        expect(message.body).not.toBe('');
        for (const text of [message.body, ...Object.values(message.attributes)]) {
          expect(text).not.toBe('');
          expect(isCarried(text!)).toBe(true);
        }
      }),
    );
  });

  it('leaves a readable body as it is, byte order mark and line ends included', async () => {
    const body = '\uFEFF{"not": "an envelope",\r\n\t"price": "12 €"';
    const { message } = await roundTrip(letter(Buffer.from(body), { messageId: 'x' }));
    expect(message).toEqual({
      body,
      attributes: {
        'waybill-reason': 'malformed-message',
        'waybill-detail': 'The record is not JSON',
        'waybill-subscriber': 'reserve-stock',
        'waybill-message-id': 'x',
        'waybill-encoding': 'text',
      },
    });
  });

  it.each([
    ['that is not UTF-8', Uint8Array.of(0xff, 0xfe, 0x00), 'base64'],
    ['with a control character', 'a\u0000b', 'base64'],
    ['with a noncharacter', 'a\uFFFFb', 'base64'],
    ['of no bytes', new Uint8Array(0), 'quarantine'],
    ['of 1 MiB, which its attributes make too large', 'x'.repeat(1024 * 1024), 'quarantine'],
    ['of 900 KB that is not UTF-8', new Uint8Array(900_000).fill(0xff), 'quarantine'],
    ['of 700 KB that is not UTF-8', new Uint8Array(700_000).fill(0xff), 'base64'],
    ['of 10 MiB', new Uint8Array(10 * 1024 * 1024).fill(0x61), 'quarantine'],
  ])('carries a record %s', async (_, bytes, encoding) => {
    const { content, message } = await roundTrip(letter(bytes));
    expect(message.attributes['waybill-encoding']).toBe(encoding);
    expect(Buffer.compare(content.bytes, Buffer.from(bytes))).toBe(0);
    expect(Buffer.byteLength(message.body)).toBeLessThan(1024 * 1024);
  });

  it('is carried with its attributes up to the byte of what SQS takes, and lies in the bucket from the next on', async () => {
    const { message } = await roundTrip(letter(''.padEnd(10, 'x')));
    const attributes = queueEntryBytes({ ...message, attributes: message.attributes as Record<string, string> }) - 10;
    const most = LIMITS.wireBytes - attributes;
    expect((await roundTrip(letter('x'.repeat(most)))).message.attributes['waybill-encoding']).toBe('text');
    expect((await roundTrip(letter('x'.repeat(most + 1)))).message.attributes['waybill-encoding']).toBe('quarantine');
  });

  it('overwrites its own object when it is sent again later', async () => {
    const sentAt = Date.UTC(2026, 10, 22, 23, 59);
    const environment = fakeEnvironment();
    for (const _ of ['first', 'second']) {
      await sendDeadLetters(environment, target, [letter('', { sourceEventId: 'shardId-0:49590', sentAt })]);
      environment.advance(86_400_000);
    }
    const keys = environment.inputs('PutObject').map(({ Key }) => Key);
    expect(keys).toEqual(Array(2).fill('reserve-stock/2026-11-22/shardId-0_49590'));
  });

  it('is reported as unsent when the bucket or the queue refuses it, and the others go on', async () => {
    const environment = fakeEnvironment({
      answers: {
        PutObject: () => {
          throw awsError('AccessDenied');
        },
        SendMessageBatch: ({ Entries = [] }) => ({
          Successful: Entries.filter(({ MessageBody }) => MessageBody !== 'refused').map(({ Id }) => ({
            Id,
            MessageId: 'sent',
            MD5OfMessageBody: '',
          })),
          Failed: Entries.filter(({ MessageBody }) => MessageBody === 'refused').map(({ Id }) => ({
            Id,
            Code: 'InvalidMessageContents',
            SenderFault: true,
          })),
        }),
      },
    });
    const failed = await sendDeadLetters(environment, target, [
      letter('a'),
      letter(''),
      letter('refused'),
      letter('b'),
    ]);
    expect(failed.map(({ index, code }) => [index, code])).toEqual([
      [1, 'AccessDenied'],
      [2, 'InvalidMessageContents'],
    ]);
    expect(sent(environment).map(({ body }) => body)).toEqual(['a', 'refused', 'b']);
  });

  it('is not read when it is none, or when its object has changed', async () => {
    const nothing = async () => new Uint8Array(0);
    await expect(readDeadLetter({ body: 'x', attributes: {} }, nothing)).rejects.toThrow("no attribute 'waybill-enc");
    const { message } = await roundTrip(letter(new Uint8Array(1024 * 1024)));
    await expect(readDeadLetter(message, nothing)).rejects.toMatchObject({ code: 'malformed-message' });
  });
});
