import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findLockFile } from '../../../lib/constructs/subscriber/lock-file.ts';
import {
  BUNDLES_CONTEXT,
  bundleFile,
  HANDLER_METADATA,
  type HandlerMetadata,
} from '../../../lib/contract/handler-metadata.ts';
import { ConsumerFunction, type ConsumerFunctionProps } from '../../../lib/public/constructs.ts';
import { allowedTo, only, resourcesOf, snapshotOf, testApp, testStack } from '../shop-app.ts';

function stackWith(props: Partial<ConsumerFunctionProps> = {}) {
  const stack = testStack();
  new ConsumerFunction(stack, 'ReserveStock', { entry: import.meta.filename, ...props });
  return stack;
}

test('by default it is an ES module on Node 24 and ARM that may write its log and do nothing else', () => {
  const resources = resourcesOf(stackWith());
  const { id, Properties } = only(resources, 'AWS::Lambda::Function');
  const log = only(resources, 'AWS::Logs::LogGroup');

  expect(Properties).toMatchObject({
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    MemorySize: 512,
    Timeout: 30,
    LoggingConfig: { LogGroup: { Ref: log.id } },
  });
  expect(Properties).not.toHaveProperty('TracingConfig');
  expect(log).toMatchObject({ DeletionPolicy: 'Retain', Properties: { RetentionInDays: 30 } });
  expect(only(resources, 'AWS::IAM::Role').Properties).not.toHaveProperty('ManagedPolicyArns');
  expect(allowedTo(resources, id)).toEqual({ [`${log.id}.Arn`]: ['logs:CreateLogStream', 'logs:PutLogEvents'] });
});

test('its resources are these', () => {
  expect(snapshotOf(stackWith())).toMatchSnapshot();
});

test('what may be chosen is chosen', () => {
  const resources = resourcesOf(
    stackWith({
      entry: new URL(import.meta.url),
      memorySize: 1024,
      timeout: Duration.minutes(1),
      architecture: lambda.Architecture.X86_64,
      logRetention: logs.RetentionDays.ONE_YEAR,
      logRemovalPolicy: RemovalPolicy.DESTROY,
      environment: { FLAVOUR: 'sweet' },
    }),
  );

  expect(only(resources, 'AWS::Lambda::Function').Properties).toMatchObject({
    MemorySize: 1024,
    Timeout: 60,
    Architectures: ['x86_64'],
    Environment: { Variables: { FLAVOUR: 'sweet' } },
  });
  const log = only(resources, 'AWS::Logs::LogGroup');
  expect(log).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 365 } });
});

test('a customer key encrypts its environment and its log', () => {
  const stack = testStack();
  const encryptionKey = new kms.Key(stack, 'Key');
  new ConsumerFunction(stack, 'ReserveStock', { entry: import.meta.filename, encryptionKey });

  const template = Template.fromStack(stack);
  const arn = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };
  template.hasResourceProperties('AWS::Lambda::Function', { KmsKeyArn: arn });
  template.hasResourceProperties('AWS::Logs::LogGroup', { KmsKeyId: arn });
});

test('a role that is given is used, and may write the log', () => {
  const stack = testStack();
  const role = new iam.Role(stack, 'Theirs', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  new ConsumerFunction(stack, 'ReserveStock', { entry: import.meta.filename, role });
  const resources = resourcesOf(stack);

  const { id, Properties } = only(resources, 'AWS::Lambda::Function');
  const log = only(resources, 'AWS::Logs::LogGroup').id;
  expect(Properties.Role).toEqual({ 'Fn::GetAtt': [only(resources, 'AWS::IAM::Role').id, 'Arn'] });
  expect(only(resources, 'AWS::IAM::Role').id).toMatch(/^Theirs/);
  expect(allowedTo(resources, id)).toEqual({ [`${log}.Arn`]: ['logs:CreateLogStream', 'logs:PutLogEvents'] });
});

describe('in a project', () => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'waybill-project-'));
    mkdirSync(join(project, 'functions'));
    writeFileSync(join(project, 'package.json'), '{ "name": "shop", "private": true }');
    writeFileSync(join(project, 'package-lock.json'), '{ "name": "shop", "lockfileVersion": 3, "packages": {} }');
    writeFileSync(join(project, 'functions', 'legacy.cjs'), "exports.separator = require('node:path').sep;");
    writeFileSync(
      join(project, 'functions', 'handler.ts'),
      "import { separator } from './legacy.cjs';\n" +
        "import { SQSClient } from '@aws-sdk/client-sqs';\n" +
        'export const handler = async (): Promise<string[]> => [separator, typeof new SQSClient({}).send];\n',
    );
    symlinkSync(join(import.meta.dirname, '..', '..', '..', 'node_modules'), join(project, 'node_modules'), 'junction');
  });

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test('the bundle is modules that run, with the AWS SDK and CommonJS packages in it', async () => {
    const app = testApp({ context: {}, outdir: join(project, 'cdk.out') });
    new ConsumerFunction(testStack('Shop', app), 'Handler', {
      entry: join(project, 'functions', 'handler.ts'),
      bundling: { esbuildArgs: { '--footer:js': '//given' } },
    });
    app.synth();

    const [asset] = readdirSync(app.outdir).filter((name) => name.startsWith('asset.'));
    const files = readdirSync(join(app.outdir, asset!));
    expect(files.filter((name) => !/^chunk-[A-Z0-9]+\.mjs$/.test(name))).toEqual(['index.mjs']);
    for (const name of files)
      expect(readFileSync(join(app.outdir, asset!, name), 'utf8')).not.toMatch(/(?:from|import) ?"@aws-sdk/);
    const bundle = join(app.outdir, asset!, 'index.mjs');
    expect(readFileSync(bundle, 'utf8')).toContain('//given');
    const { handler } = (await import(pathToFileURL(bundle).href)) as { handler: () => Promise<string[]> };
    expect(await handler()).toEqual([sep, 'function']);
    // Node's `fetch`, which nothing of it uses, would take a fifth of a cold start.
    const code = `await import(${JSON.stringify(pathToFileURL(bundle).href)}); console.log(process.moduleLoadList.join());`;
    const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
      env: {},
      encoding: 'utf8',
    });
    expect(loaded).toContain('NativeModule https');
    expect(loaded).not.toContain('undici');
  }, 60_000);

  test('while Lambda initializes a process one row is read, and nowhere else', async () => {
    const app = testApp({ context: {}, outdir: join(project, 'initialized.out') });
    new ConsumerFunction(testStack('Shop', app), 'Handler', {
      entry: new URL('../../../examples/commerce/functions/take-payment.ts', import.meta.url),
    });
    app.synth();
    const [asset] = readdirSync(app.outdir).filter((name) => name.startsWith('asset.'));
    const url = pathToFileURL(join(app.outdir, asset!, 'index.mjs')).href;

    const asked: unknown[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers['x-amz-target']);
      request.resume().once('end', () => response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}'));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const load = async (variables: NodeJS.ProcessEnv) => {
      asked.length = 0;
      await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', `await import('${url}');`], {
        env: {
          AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          AWS_REGION: 'eu-central-1',
          WAYBILL_LEDGER: 'ledger',
          WAYBILL_SHARDS: '16',
          ...variables,
        },
      });
      return [...asked];
    };
    const lambda = {
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
    };
    try {
      expect(await load({ ...lambda, WAYBILL_FORMATS: 'ledger' })).toEqual(['DynamoDB_20120810.GetItem']);
      expect(await load(lambda)).toEqual(['DynamoDB_20120810.GetItem']);
      // What cannot be read then is told by the first invocation.
      expect(await load({ ...lambda, AWS_ACCESS_KEY_ID: '' })).toEqual([]);
      expect(await load({ ...lambda, AWS_LAMBDA_INITIALIZATION_TYPE: undefined })).toEqual([]);
    } finally {
      server.close();
    }
  }, 60_000);

  test('a bundled CommonJS package finds what it expects, whatever banner is given', async () => {
    const required = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    const shim = `import { dirname } from 'node:path'; import { fileURLToPath } from 'node:url'; const __filename = fileURLToPath(import.meta.url); const __dirname = dirname(__filename);`;
    const BANNERS: Readonly<Record<string, ConsumerFunctionProps['bundling']>> = {
      Comment: { banner: '/* (c) the shop, who require nothing */' },
      Require: { banner: required },
      Shim: { banner: required + shim, minify: false },
      Argument: { banner: 'globalThis.first = 1;', esbuildArgs: { '--banner:js': required } },
    };
    const functions = join(project, 'functions');
    writeFileSync(
      join(functions, 'located.cjs'),
      "exports.place = () => [__dirname, __filename, require('node:path').sep];",
    );
    // The entry may have such names of its own.
    writeFileSync(
      join(functions, 'located.ts'),
      "import { place } from './located.cjs';\nconst __dirname = 'own';\n" +
        'export const handler = (): string[] => [...place(), __dirname];\n',
    );
    const app = testApp({ context: {}, outdir: join(project, 'banners.out') });
    const stack = testStack('Shop', app);
    for (const [id, bundling] of Object.entries(BANNERS)) {
      new ConsumerFunction(stack, id, { entry: join(functions, 'located.ts'), bundling });
    }
    app.synth();
    const assets = readdirSync(app.outdir).filter((name) => name.startsWith('asset.'));
    expect(assets).toHaveLength(Object.keys(BANNERS).length);
    for (const asset of assets) {
      const bundle = join(app.outdir, asset, 'index.mjs');
      const { handler } = (await import(pathToFileURL(bundle).href)) as { handler: () => string[] };
      expect(handler()).toEqual([dirname(bundle), bundle, sep, 'own']);
    }
  }, 60_000);

  test('the lock file is the nearest above the entry, whatever the working directory is', () => {
    const entry = join(project, 'functions', 'handler.ts');
    expect(findLockFile(entry)).toBe(join(project, 'package-lock.json'));

    writeFileSync(join(project, 'yarn.lock'), '');
    expect(findLockFile(entry)).toBe(join(project, 'yarn.lock'));
    rmSync(join(project, 'yarn.lock'));

    writeFileSync(join(project, 'functions', 'pnpm-lock.yaml'), '');
    expect(findLockFile(entry)).toBe(join(project, 'functions', 'pnpm-lock.yaml'));
    rmSync(join(project, 'functions', 'pnpm-lock.yaml'));
  });

  test('a project without a lock file gives its package.json', () => {
    const bare = mkdtempSync(join(tmpdir(), 'waybill-project-'));
    writeFileSync(join(bare, 'package.json'), '{}');

    expect(findLockFile(join(bare, 'handler.ts'))).toBe(join(bare, 'package.json'));
    rmSync(bare, { recursive: true });
  });
});

describe('with a folder of bundles in the context', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bundles-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function functionWith(props: Partial<ConsumerFunctionProps> = {}) {
    const stack = testStack();
    stack.node.setContext(BUNDLES_CONTEXT, folder);
    new ConsumerFunction(stack, 'ReserveStock', { entry: import.meta.filename, ...props });
    return only(resourcesOf(stack), 'AWS::Lambda::Function') as unknown as {
      readonly Metadata?: { readonly [HANDLER_METADATA]?: HandlerMetadata };
      readonly Properties: { readonly Handler: string; readonly Code: { readonly S3Key?: string } };
    };
  }

  test('the template says how the handler is bundled, and a bundle that is there is its code', () => {
    const { Metadata, Properties } = functionWith();
    const metadata = Metadata?.[HANDLER_METADATA] as HandlerMetadata;
    expect(metadata).toMatchObject({ entry: import.meta.filename, file: 'index.mjs', esbuild: { minify: true } });
    const file = bundleFile(folder, metadata);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'export const handler = 1;');
    const bundled = functionWith();
    expect(bundled.Properties.Handler).toBe('index.handler');
    expect(bundled.Properties.Code).not.toEqual(Properties.Code);
    expect(bundled.Metadata?.[HANDLER_METADATA]).toEqual(metadata);
    expect(functionWith({ handler: 'other' }).Properties.Handler).toBe('index.other');
    expect(functionWith({ bundling: { minify: false } }).Metadata?.[HANDLER_METADATA]?.key).not.toBe(metadata.key);
  });

  test('what only synthesis can bundle is left to it', () => {
    for (const bundling of [
      { inject: ['./shim.ts'] },
      { esbuildArgs: { '--log-limit': '0' } },
      { bundleAwsSDK: false },
    ]) {
      expect(functionWith({ bundling }).Metadata?.[HANDLER_METADATA]).toBeUndefined();
    }
  });
});
