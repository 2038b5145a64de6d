import { expect } from 'vitest';
import type { Engine } from '../../lib/local/engine.ts';

/** Deploys one Node function from its source text and answers with a way to invoke it. */
export async function deployFunction(engine: Engine, source: string, timeoutSeconds = 30) {
  const name = `inline-${Math.random().toString(36).slice(2)}`;
  const template = {
    Resources: {
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: name,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Role: 'arn:aws:iam::000000000000:role/none',
          Timeout: timeoutSeconds,
          Code: { ZipFile: source },
        },
      },
    },
  };
  const query = (body: Record<string, string>) =>
    request(engine, 'cloudformation', '/', new URLSearchParams({ Version: '2010-05-15', StackName: name, ...body }));
  await query({ Action: 'CreateStack', TemplateBody: JSON.stringify(template) });
  await expect.poll(() => query({ Action: 'DescribeStacks' })).toContain('CREATE_COMPLETE');
  return async (event: unknown): Promise<unknown> =>
    JSON.parse(await request(engine, 'lambda', `/2015-03-31/functions/${name}/invocations`, JSON.stringify(event)));
}

/** One request of an AWS service, unsigned: the engine only reads from the signature which service is meant. */
export async function request(
  engine: Engine,
  service: string,
  path: string,
  body: string | URLSearchParams,
  headers: Record<string, string> = {},
): Promise<string> {
  const scope = `test/20260101/${engine.region}/${service}/aws4_request`;
  const response = await fetch(`${engine.endpoint}${path}`, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`, ...headers },
    body,
  });
  return response.text();
}
