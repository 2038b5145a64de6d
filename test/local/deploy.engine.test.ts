import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployApp, type StackOutputs } from '../../lib/local/deploy.ts';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { DeployFailed } from '../../lib/local/errors.ts';
import { isAlive } from '../../lib/local/processes.ts';
import { destroyApp } from './destroy-app.ts';
import { temporaryFolder } from './fake-program.ts';
import { request } from './inline-function.ts';

const cwd = join(import.meta.dirname, '..', '..');
const app = `"${process.execPath}" --conditions=waybill-source test/local/app/app.ts`;

let engine: StartedEngine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine?.stop());

function client<Client>(kind: new (configuration: object) => Client): Client {
  const { endpoint, region } = engine;
  return new kind({ endpoint, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
}

function output(outputs: StackOutputs, stack: string, key: string): string {
  const value = outputs[stack]?.[key];
  if (value === undefined) throw new Error(`${stack} has no output ${key}: ${JSON.stringify(outputs)}`);
  return value;
}

async function stackNames(): Promise<string[]> {
  const answer = await request(
    engine,
    'cloudformation',
    '/',
    new URLSearchParams({ Action: 'ListStacks', Version: '2010-05-15' }),
  );
  const stacks = answer.match(/<StackName>[^<]*<\/StackName>[\s\S]*?<StackStatus>[^<]*</g) ?? [];
  return stacks
    .filter((stack) => !stack.includes('DELETE_COMPLETE'))
    .map((stack) => stack.replace(/^<StackName>([^<]*)<[\s\S]*/, '$1'))
    .filter((name) => name !== 'CDKToolkit')
    .sort();
}

test('an app of two stacks is deployed, works, is deployed again and destroyed', async () => {
  const steps: string[] = [];
  const details: string[] = [];
  const options = { target: engine, app, cwd, context: { greeting: 'hello' } };
  const outputs = await deployApp({
    ...options,
    report: (line) => steps.push(line),
    detail: (line) => details.push(line),
  });
  expect(Object.keys(outputs).sort()).toEqual(['Store', 'Work']);
  expect(steps).toEqual([
    'Synthesizing the app',
    'Deploying',
    expect.stringMatching(/^Store: deploying/),
    expect.stringMatching(/^Work: deploying/),
  ]);
  expect(details.join('\n')).toContain('AWS::SQS::Queue');
  // The engine's toolkit stack is created without the CLI.
  expect(details.join('\n')).not.toContain('Bootstrapping');

  const greet = `/2015-03-31/functions/${output(outputs, 'Work', 'GreetName')}/invocations`;
  await expect(request(engine, 'lambda', greet, '{}')).resolves.toBe('"hello"');

  const sqs = client(SQSClient);
  await sqs.send(new SendMessageCommand({ QueueUrl: output(outputs, 'Work', 'QueueUrl'), MessageBody: 'order-1' }));
  const dynamodb = client(DynamoDBClient);
  const read = new GetItemCommand({ TableName: output(outputs, 'Store', 'TableName'), Key: { id: { S: 'order-1' } } });
  await expect.poll(async () => (await dynamodb.send(read)).Item?.seen?.N, { timeout: 30_000 }).toBe('1');

  const again = await deployApp({ ...options, context: { greeting: 'hello again' } });
  expect(again.Store).toEqual(outputs.Store);
  await expect(request(engine, 'lambda', greet, '{}')).resolves.toBe('"hello again"');

  await destroyApp({ ...options });
  expect(await stackNames()).toEqual([]);
});

/** An app in a folder of its own, with this repository's packages. */
function writeApp(body: string): { cwd: string; app: string } {
  const folder = join(temporaryFolder(), 'app');
  mkdirSync(folder);
  symlinkSync(join(cwd, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(
    join(folder, 'app.cjs'),
    `const { App, CfnOutput, CfnResource, Stack } = require('aws-cdk-lib');\n${body}`,
  );
  return { cwd: folder, app: 'node app.cjs' };
}

test('two deploys at once do not disturb each other, and a stack without outputs has none', async () => {
  const stackOf = (name: string, output: string) =>
    deployApp({
      target: engine,
      ...writeApp(
        `const stack = new Stack(new App(), '${name}');
         new CfnResource(stack, 'Queue', { type: 'AWS::SQS::Queue' });
         ${output}`,
      ),
    });
  const deploys = [stackOf('One', `new CfnOutput(stack, 'Name', { value: 'of one' });`), stackOf('Two', '')];
  expect(await Promise.all(deploys)).toEqual([{ One: { Name: 'of one' } }, {}]);
  expect(await stackNames()).toEqual(['One', 'Two']);
});

test('an app that throws fails the deploy with what it said', async () => {
  const attempt = deployApp({ target: engine, ...writeApp(`throw new Error('the shop has no name');`) });
  await expect(attempt).rejects.toThrow(DeployFailed);
  await expect(attempt).rejects.toThrow(/cdk synth` failed.*\n[\s\S]*the shop has no name/);
});

test('a resource that the engine refuses fails the deploy with its name', async () => {
  const refused = writeApp(`new CfnResource(new Stack(new App(), 'Refused'), 'Odd', { type: 'AWS::Nothing::Here' });`);
  const attempt = deployApp({ target: engine, ...refused });
  await expect(attempt).rejects.toThrow(DeployFailed);
  await expect(attempt).rejects.toThrow(/cdk deploy` failed[\s\S]*AWS::Nothing::Here/);
});

test('a deploy can be stopped, and the app with it', async () => {
  const stop = new AbortController();
  const mark = join(temporaryFolder(), 'app');
  const endless = writeApp(
    `require('node:fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid));
     process.on('SIGTERM', () => {});
     setInterval(() => {}, 1000);`,
  );
  const attempt = deployApp({ target: engine, ...endless, signal: stop.signal });
  attempt.catch(() => undefined);
  await expect.poll(() => existsSync(mark), { timeout: 60_000 }).toBe(true);
  stop.abort();
  await expect(attempt).rejects.toThrow('`cdk synth` was stopped');
  await expect.poll(() => isAlive(Number(readFileSync(mark, 'utf8'))), { timeout: 10_000 }).toBe(false);
});
