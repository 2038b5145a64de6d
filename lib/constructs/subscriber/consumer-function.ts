import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as nodejs from 'aws-cdk-lib/aws-lambda-nodejs';
import { Construct } from 'constructs';
import { createExecution, type LogOptions } from '../framework/execution.ts';
import { ALIAS, bundledCode, handlerMetadata, noteBundling } from './handler-bundling.ts';
import { INITIALIZED_FOOTER, LEAN_MODULES } from './lean-bundle.ts';
import { findLockFile } from './lock-file.ts';
import { useOwnEsbuild } from './own-esbuild.ts';

/** The options of `NodejsFunction` that this construct decides itself or reads differently. */
type Replaced =
  | 'entry'
  | 'code'
  | 'logGroup'
  | 'logRetention'
  | 'logRetentionRole'
  | 'logRetentionRetryOptions'
  | 'logRemovalPolicy';

/** What a ConsumerFunction takes: the props of `NodejsFunction`, but for what it sets itself. */
export interface ConsumerFunctionProps extends Omit<nodejs.NodejsFunctionProps, Replaced>, LogOptions {
  /** The file that exports `handler`: a path, or a URL such as `new URL('./functions/pay.ts', import.meta.url)`. */
  readonly entry: string | URL;
  /**
   * The customer key that encrypts the environment and the log. The policy of an imported key must allow CloudWatch
   * Logs.
   * @default keys that AWS manages
   */
  readonly encryptionKey?: kms.IKey;
}

/**
 * A function for a handler made by `consume`, or for a producer: an ES module on Node 24 and ARM with its AWS SDK in
 * it, 512 MiB, 30 s, and a role that may do nothing but write its log until something is granted to it. What is imported by
 * `import()` lies in files of its own beside it, which a cold start does not read.
 *
 * There is no source map: Node reads one whole whenever an error's stack is asked for, which is what a failing batch
 * does. `bundling: { sourceMap: true }` with `NODE_OPTIONS=--enable-source-maps` in the environment turns it on.
 *
 * @example
 * const reserveStock = new ConsumerFunction(this, 'ReserveStock', {
 *   entry: new URL('./functions/reserve-stock.ts', import.meta.url),
 * });
 */
export class ConsumerFunction extends nodejs.NodejsFunction {
  constructor(scope: Construct, id: string, props: ConsumerFunctionProps) {
    const { entry, logRetention, logRemovalPolicy, encryptionKey, role, ...rest } = props;
    const file = typeof entry === 'string' ? entry : fileURLToPath(entry);
    // Beside the function, not below it: a role must be there before the function that it is given to.
    const options = { logRetention, logRemovalPolicy, encryptionKey, role };
    const execution = createExecution(new Construct(scope, `${id}Execution`), options);
    const depsLockFilePath = rest.depsLockFilePath ?? findLockFile(file);
    const bundling = bundlingOptions(rest.bundling);
    const root = rest.projectRoot ?? dirname(depsLockFilePath ?? file);
    const metadata = handlerMetadata(file, root, bundling);
    const restore = useOwnEsbuild();
    try {
      super(scope, id, {
        runtime: lambda.Runtime.NODEJS_24_X,
        architecture: lambda.Architecture.ARM_64,
        memorySize: 512,
        timeout: Duration.seconds(30),
        environmentEncryption: encryptionKey,
        ...rest,
        depsLockFilePath,
        entry: file,
        ...execution,
        bundling,
        ...bundledCode(scope, metadata, { ...rest, depsLockFilePath }),
      });
      noteBundling(this, metadata);
    } finally {
      restore();
    }
  }
}

/**
 * What CommonJS packages find around them, and an ES module does not have: `require`, for Node's own modules, and the
 * names of file and folder, which are those of the bundle.
 */
const COMMON_JS = {
  define: { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' },
  /** The name is one that no bundler takes for its own import of the same function. */
  banner: (given: string): string => {
    // Where the other banner may declare it, a second declaration would keep the module from loading.
    const declaration = /\brequire\b/.test(given) ? 'globalThis.require' : 'const require';
    return `import{createRequire as waybillCreateRequire}from'node:module';${declaration}=waybillCreateRequire(import.meta.url);${given}`;
  },
};

/** In Waybill's own repository `import 'waybill'` means its sources. Giving a condition drops esbuild's own `module`. */
const SOURCE_CONDITIONS: nodejs.BundlingOptions['esbuildArgs'] = import.meta.url.endsWith('.ts')
  ? { '--conditions': 'waybill-source,module' }
  : {};

const LEAN: nodejs.BundlingOptions['esbuildArgs'] = Object.fromEntries(
  Object.entries(LEAN_MODULES).map(([name, instead]) => [`${ALIAS}${name}`, instead]),
);

function bundlingOptions(given: nodejs.BundlingOptions = {}): nodejs.BundlingOptions {
  const format = given.format ?? nodejs.OutputFormat.ESM;
  const isModule = format === nodejs.OutputFormat.ESM;
  const esbuildArgs = { ...SOURCE_CONDITIONS, ...(isModule && LEAN), ...given.esbuildArgs };
  const banner = [given.banner, esbuildArgs['--banner:js']].filter((one) => typeof one === 'string').join('');
  const footer = [given.footer, esbuildArgs['--footer:js']].filter((one) => typeof one === 'string').join('');
  // Of two banners, and of two footers, esbuild takes the last.
  delete esbuildArgs['--banner:js'];
  delete esbuildArgs['--footer:js'];
  return {
    minify: true,
    target: 'node24',
    // The AWS SDK's ES modules: a bundle with its DynamoDB and SQS clients is a fifth smaller.
    mainFields: ['module', 'main'],
    bundleAwsSDK: true,
    logLevel: nodejs.LogLevel.WARNING,
    ...given,
    format,
    banner: isModule ? COMMON_JS.banner(banner) : banner,
    ...((isModule || footer) && { footer: isModule ? `${INITIALIZED_FOOTER}${footer}` : footer }),
    define: { ...(isModule && COMMON_JS.define), ...given.define },
    esbuildArgs,
  };
}
