import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as nodejs from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct, IConstruct } from 'constructs';
import {
  BUNDLES_CONTEXT,
  bundleFile,
  HANDLER_METADATA,
  type HandlerMetadata,
} from '../../contract/handler-metadata.ts';
import { cachedBundle } from './bundle-cache.ts';

/** What an argument of esbuild begins with that says what a bundle takes for another module. */
export const ALIAS = '--alias:';

/** What is read here of `bundling`. Whatever else is given is left to synthesis. */
const UNDERSTOOD = new Set([
  ...['banner', 'bundleAwsSDK', 'define', 'esbuildArgs', 'externalModules', 'footer', 'format', 'keepNames', 'loader'],
  ...['logLevel', 'mainFields', 'minify', 'sourceMap', 'target', 'tsconfig'],
]);

/** The names of those options that esbuild's own interface calls as CDK does. */
const SAME = ['define', 'keepNames', 'loader', 'mainFields', 'minify', 'target', 'tsconfig'] as const;

/** A handler's bundling as data; `undefined` where somebody asks of the bundling what only the CDK does. */
export function handlerMetadata(
  entry: string,
  root: string,
  bundling: nodejs.BundlingOptions,
): HandlerMetadata | undefined {
  const given = Object.entries(bundling).filter(([, value]) => value !== undefined);
  const { '--conditions': conditions, ...others } = bundling.esbuildArgs ?? {};
  const aliases = Object.entries(others).filter(([name, to]) => name.startsWith(ALIAS) && typeof to === 'string');
  const otherArguments = Object.keys(others).length - aliases.length;
  const isUnderstood = given.every(([name]) => UNDERSTOOD.has(name)) && otherArguments === 0;
  if (!isUnderstood || !bundling.bundleAwsSDK) return undefined;
  const esbuild = {
    ...Object.fromEntries(given.filter(([name]) => (SAME as readonly string[]).includes(name))),
    format: bundling.format,
    external: bundling.externalModules ?? [],
    ...(bundling.sourceMap && { sourcemap: 'inline' }),
    ...(bundling.banner && { banner: { js: bundling.banner } }),
    ...(bundling.footer && { footer: { js: bundling.footer } }),
    ...(typeof conditions === 'string' && { conditions: conditions.split(',') }),
    ...(aliases.length > 0 && {
      alias: Object.fromEntries(aliases.map(([name, to]) => [name.slice(ALIAS.length), to])),
    }),
  };
  const file = bundling.format === nodejs.OutputFormat.ESM ? 'index.mjs' : 'index.js';
  const described = { entry: resolve(entry), root: resolve(root), file, esbuild };
  const key = createHash('sha256').update(JSON.stringify(described)).digest('hex').slice(0, 24);
  return { ...described, key };
}

/** The handler's code, where its bundle is there already or can be made here. */
export function bundledCode(
  scope: Construct,
  metadata: HandlerMetadata | undefined,
  { handler = 'handler', depsLockFilePath }: Pick<nodejs.NodejsFunctionProps, 'handler' | 'depsLockFilePath'>,
): Pick<nodejs.NodejsFunctionProps, 'code' | 'handler'> {
  const folder = metadata && codeFolder(scope, metadata, depsLockFilePath);
  if (folder === undefined) return {};
  return { code: lambda.Code.fromAsset(folder), handler: handler.includes('.') ? handler : `index.${handler}` };
}

function codeFolder(scope: Construct, metadata: HandlerMetadata, lockFile: string | undefined): string | undefined {
  const folder = bundlesFolder(scope);
  if (folder === undefined) return Stack.of(scope).bundlingRequired ? cachedBundle(metadata, lockFile) : undefined;
  const file = bundleFile(folder, metadata);
  return existsSync(file) ? dirname(file) : undefined;
}

/** Says in the template how the handler was bundled, where the context names a folder of bundles. */
export function noteBundling(created: lambda.Function, metadata: HandlerMetadata | undefined): void {
  if (bundlesFolder(created) === undefined) return;
  const resource = created.node.defaultChild;
  if (metadata && resource instanceof lambda.CfnFunction) resource.addMetadata(HANDLER_METADATA, metadata);
}

function bundlesFolder(scope: IConstruct): string | undefined {
  const folder: unknown = scope.node.tryGetContext(BUNDLES_CONTEXT);
  return typeof folder === 'string' ? folder : undefined;
}
