import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../../../lib/local/port.ts';
import { hostStacks, type Template } from '../../../lib/public/testing.ts';

afterEach(() => void vi.unstubAllEnvs());

const templates = (Resources: Template['Resources']): Record<string, Template> => ({ Shop: { Resources } });
const endpoint = 'http://127.0.0.1:9';

const consumer = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Environment: { Variables: { WAYBILL_SUBSCRIBER: 'reserve-stock', WAYBILL_QUEUE_URL: 'http://queue' } },
  },
};

test('without an endpoint nothing is made, and nothing is sent to the real AWS', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', '');
  const hosted = hostStacks({ templates: templates({ Orders: { Type: 'AWS::SQS::Queue' } }), handlers: {} });
  await expect(hosted).rejects.toMatchObject({
    code: 'test-misused',
    message: expect.stringContaining('AWS_ENDPOINT_URL'),
  });
});

test('an engine that does not answer is named in one sentence', async () => {
  const silent = `http://127.0.0.1:${await freePort()}`;
  const resources = templates({ Orders: { Type: 'AWS::SQS::Queue' } });
  await expect(hostStacks({ templates: resources, handlers: {}, endpoint: silent })).rejects.toMatchObject({
    code: 'resource-refused',
    message: `Orders (AWS::SQS::Queue) could not be made: nothing answers at ${silent}. AWS_ENDPOINT_URL_SQS, else AWS_ENDPOINT_URL, says where its engine is`,
  });
});

test('something else that answers in the place of an engine is told from it', async () => {
  const server = createServer((_request, response) => response.end('It works!')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const resources = templates({ Sales: { Type: 'AWS::Kinesis::Stream' } });
  const hosted = hostStacks({ templates: resources, handlers: {}, endpoint: `http://127.0.0.1:${port}` });
  await expect(hosted).rejects.toThrow(
    /^Sales \(AWS::Kinesis::Stream\) could not be made: what answers there does not/,
  );
});

test('a region that AWS cannot have is refused', async () => {
  const hosted = hostStacks({ templates: {}, handlers: {}, endpoint, region: 'mars-1' });
  await expect(hosted).rejects.toThrow("The region is 'mars-1', which AWS does not have: give one such as us-east-1");
});

test('a handler for a subscriber that no template has is refused, and the subscribers are named', async () => {
  const handlers = { 'reserve-stok': async () => undefined };
  await expect(hostStacks({ templates: templates({ Reserve: consumer }), handlers, endpoint })).rejects.toThrow(
    "A handler is given for 'reserve-stok', which no template has: the subscribers are reserve-stock",
  );
});

describe('what is not hosted', () => {
  test('is named with the reason', async () => {
    const hosted = await hostStacks({
      templates: templates({
        Reserve: consumer,
        Role: { Type: 'AWS::IAM::Role' },
        Alarm: { Type: 'AWS::CloudWatch::Alarm' },
        Source: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: { FunctionName: { Ref: 'Reserve' }, EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:other' },
        },
      }),
      handlers: {},
      endpoint,
    });
    expect(hosted.leftOut).toEqual([
      {
        stack: 'Shop',
        logicalId: 'Reserve',
        type: 'AWS::Lambda::Function',
        why: expect.stringContaining('no handler was given'),
      },
      { stack: 'Shop', logicalId: 'Role', type: 'AWS::IAM::Role', why: 'permissions are not enforced here' },
      { stack: 'Shop', logicalId: 'Alarm', type: 'AWS::CloudWatch::Alarm', why: 'nothing here hosts it' },
      expect.objectContaining({ logicalId: 'Source', why: expect.stringContaining('is not run here') }),
    ]);
    await hosted.destroy();
  });

  test('has a name where something refers to it', async () => {
    const Outputs = { Log: { Value: { Ref: 'Log' } } };
    const Shop = { Resources: { Log: { Type: 'AWS::Logs::LogGroup' } }, Outputs };
    const hosted = await hostStacks({ templates: { Shop }, handlers: {}, endpoint });
    expect(hosted.outputs.Shop?.Log).toMatch(/^Shop-Log-[0-9a-f]{8}$/);
    await hosted.destroy();
  });
});

test.each([
  ['an alias', { 'Fn::Join': ['', [{ 'Fn::Select': [6, { 'Fn::Split': [':', { Ref: 'Live' }] }] }, ':live']] }],
  ['the ARN of an alias', { Ref: 'Live' }],
  ['a version', { 'Fn::Join': ['', [{ Ref: 'Reserve' }, ':', { 'Fn::GetAtt': ['First', 'Version'] }]] }],
])('a source that invokes a function by %s is polled for its handler', async (_, FunctionName) => {
  const EventSourceArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/clicks';
  const hosted = await hostStacks({
    templates: templates({
      Reserve: consumer,
      First: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Reserve' } } },
      Live: { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'Reserve' }, Name: 'live' } },
      Source: { Type: 'AWS::Lambda::EventSourceMapping', Properties: { FunctionName, EventSourceArn } },
    }),
    handlers: { 'reserve-stock': async () => undefined },
    endpoint,
  });
  expect(hosted.leftOut.map(({ logicalId }) => logicalId)).toEqual(['First', 'Live']);
  await hosted.destroy();
});

test('what another stack exports is found, and missing templates are named', async () => {
  const Ledger = { Outputs: { Table: { Value: 'rows', Export: { Name: 'Ledger:Table' } } } };
  const Shop = {
    Outputs: {
      Imported: { Value: { 'Fn::ImportValue': 'Ledger:Table' } },
      Read: { Value: { 'Fn::GetStackOutput': { StackName: 'Ledger', OutputName: 'Table' } } },
    },
  };
  const hosted = await hostStacks({ templates: { Ledger, Shop }, handlers: {}, endpoint });
  expect(hosted.outputs.Shop).toEqual({ Imported: 'rows', Read: 'rows' });
  await hosted.destroy();
  await expect(hostStacks({ templates: { Shop }, handlers: {}, endpoint })).rejects.toMatchObject({
    code: 'template-not-understood',
    message: expect.stringMatching(/Ledger/),
  });
});
