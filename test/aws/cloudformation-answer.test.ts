import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, permittedUrl, putAnswer } from '../../lib/aws/cloudformation-answer.ts';

const answer: Answer = {
  Status: 'FAILED',
  Reason: 'Größe',
  PhysicalResourceId: 'payment@Routes',
  StackId: 'arn:stack',
  RequestId: 'request-1',
  LogicalResourceId: 'Routes',
};

describe("CloudFormation's answer", () => {
  let stop: (() => void) | undefined;
  afterEach(() => stop?.());

  async function engine(status: number) {
    const received: { request: IncomingMessage; body: string }[] = [];
    const server = createServer(async (request, response) => {
      received.push({ request, body: await text(request) });
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stop = () => server.close();
    return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  it('is put whole, with no content type, as the signed URL wants it', async () => {
    const { received, url } = await engine(200);
    await putAnswer(`${url}/answer?signature=x`, answer, url);
    const [{ request, body }] = received as [(typeof received)[0]];
    expect([request.method, request.url]).toEqual(['PUT', '/answer?signature=x']);
    expect(request.headers['content-type']).toBe('');
    expect(Number(request.headers['content-length'])).toBe(Buffer.byteLength(body));
    expect(JSON.parse(body)).toEqual(answer);
  });

  it('is an error when it was not accepted, or nobody is there', async () => {
    const { url } = await engine(403);
    await expect(putAnswer(`${url}/answer`, answer, url)).rejects.toThrow('status 403');
    stop?.();
    await expect(putAnswer('http://127.0.0.1:1/answer', answer, 'http://127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });

  it.each([
    ['https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x', undefined],
    ['http://localhost:4566/_ministack/cfn-response/x', 'http://127.0.0.1:4566'],
    ['http://host.docker.internal:4566/x', 'http://host.docker.internal:4566'],
  ])('goes to %s', (url, given) => {
    expect(permittedUrl(url, given).href).toBe(url);
  });

  it.each([
    ['http://169.254.169.254/latest', undefined],
    ['http://169.254.169.254/latest', 'http://127.0.0.1:4566'],
    ['http://localhost:9000/x', 'http://127.0.0.1:4566'],
    ['file:///etc/passwd', 'http://127.0.0.1:4566'],
    ['', undefined],
  ])("does not go to '%s' with the engine at %s", (url, given) => {
    expect(() => permittedUrl(url, given)).toThrow('AWS_ENDPOINT_URL');
  });
});
