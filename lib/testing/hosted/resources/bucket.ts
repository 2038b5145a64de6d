import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Physical, ResourceRequest } from './physical.ts';

/** A bucket's name has up to 63 lower-case characters. */
const LONGEST_NAME = 63;

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html */
export async function makeBucket({ name, properties, clients, region }: ResourceRequest): Promise<Physical> {
  const short = name.toLowerCase().slice(-LONGEST_NAME).replace(/^-+/, '');
  const Bucket = String(properties.BucketName ?? short);
  await clients.s3.send(
    new CreateBucketCommand({
      Bucket,
      ...(region !== 'us-east-1' && {
        CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint },
      }),
    }),
  );
  return {
    ref: Bucket,
    attributes: { Arn: `arn:aws:s3:::${Bucket}`, DomainName: `${Bucket}.s3.amazonaws.com` },
    destroy: async () => {
      await empty(Bucket, clients.s3);
      await clients.s3.send(new DeleteBucketCommand({ Bucket }));
    },
  };
}

async function empty(Bucket: string, s3: S3Client): Promise<void> {
  for (;;) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    if (Contents.length === 0) return;
    await Promise.all(Contents.map(({ Key }) => s3.send(new DeleteObjectCommand({ Bucket, Key }))));
  }
}
