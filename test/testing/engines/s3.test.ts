import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { S3Engine } from '../../../lib/testing/engines/index.ts';

function bucket() {
  const engine = new S3Engine({ now: () => 0 });
  engine.createBucket('quarantine');
  return { engine, client: engine.client() };
}

test('what is put can be got, bytes and texts alike', async () => {
  const { engine, client } = bucket();
  await client.send(new PutObjectCommand({ Bucket: 'quarantine', Key: 'b', Body: new Uint8Array([0, 255]) }));
  await client.send(new PutObjectCommand({ Bucket: 'quarantine', Key: 'a', Body: 'héllo', ContentType: 'text/plain' }));
  const bytes = await client.send(new GetObjectCommand({ Bucket: 'quarantine', Key: 'b' }));
  expect(await bytes.Body?.transformToByteArray()).toEqual(new Uint8Array([0, 255]));
  const text = await client.send(new GetObjectCommand({ Bucket: 'quarantine', Key: 'a' }));
  expect(await text.Body?.transformToString()).toBe('héllo');
  expect(text).toMatchObject({ ContentLength: 6, ContentType: 'text/plain' });
  expect(engine.keys('quarantine')).toEqual(['a', 'b']);
});

test('a second put replaces the first', async () => {
  const { engine, client } = bucket();
  for (const Body of ['one', 'two']) await client.send(new PutObjectCommand({ Bucket: 'quarantine', Key: 'a', Body }));
  expect(Buffer.from(engine.object('quarantine', 'a')).toString()).toBe('two');
});

test('what is not there is refused as S3 does', async () => {
  const { client } = bucket();
  const get = (Bucket: string) => client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
  await expect(get('quarantine')).rejects.toMatchObject({ name: 'NoSuchKey', $fault: 'client' });
  await expect(get('nowhere')).rejects.toMatchObject({ name: 'NoSuchBucket', $fault: 'client' });
});

test('what the engine does not know it refuses', async () => {
  const { client } = bucket();
  const unsupported = { code: 'unsupported-by-engine' };
  const streamed = new PutObjectCommand({ Bucket: 'quarantine', Key: 'a', Body: Readable.from(['x']) });
  await expect(client.send(streamed)).rejects.toMatchObject(unsupported);
  const deleted = client.send(new DeleteObjectCommand({ Bucket: 'quarantine', Key: 'a' }));
  await expect(deleted).rejects.toMatchObject(unsupported);
});
