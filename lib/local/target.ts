import { endpointEnvironment, IDENTITY, REGION, UP_ENDPOINT } from './endpoint.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { EndpointSilent } from './errors.ts';
import { defaultStateFolder } from './folders.ts';
import { answers } from './health.ts';
import { sharedEngine } from './shared.ts';

/** A target that was not started here, and is never stopped from here. */
interface Foreign {
  readonly owned: false;
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** An engine that somebody else runs, by `AWS_ENDPOINT_URL`. */
export interface ExternalEngine extends Foreign {
  readonly kind: 'external';
  readonly endpoint: string;
  readonly region: string;
}

/** The real AWS, with the credentials and the region of the environment. */
export interface RealAws extends Foreign {
  readonly kind: 'aws';
  readonly endpoint: undefined;
  /** Undefined when only the profile names it. */
  readonly region: string | undefined;
}

/** The engine or the AWS that commands work on. */
export type Target = Engine | ExternalEngine | RealAws;

export interface TargetOptions extends EngineOptions {
  /** The real AWS, whatever `AWS_ENDPOINT_URL` says. @default false */
  readonly aws?: boolean;
  /** The region of the real AWS. @default what the environment or the profile says */
  readonly region?: string | undefined;
  /** The profile of the real AWS, which wins over keys in the environment. @default what the environment says */
  readonly profile?: string | undefined;
}

/** How long an endpoint may take to answer. */
const PATIENCE_MS = 4_000;

/**
 * The target of a command: the real AWS if asked for, else the engine at `AWS_ENDPOINT_URL` if that is set, else the
 * shared embedded engine, which is started if none runs (`owned` says whether it was).
 * @throws EndpointSilent when nothing answers at `AWS_ENDPOINT_URL`; otherwise what starting an engine throws
 */
export async function resolveEngine(options: TargetOptions = {}): Promise<Target> {
  return (await runningTarget(options)) ?? sharedEngine.share(options);
}

/** Like `resolveEngine`, but starts nothing: undefined when no engine runs. */
export async function runningTarget(options: TargetOptions = {}): Promise<Target | undefined> {
  const environment = options.environment ?? process.env;
  if (options.aws) return realAws(environment, options);
  const stateFolder = options.stateFolder ?? defaultStateFolder();
  const endpoint = environment.AWS_ENDPOINT_URL?.replace(/\/+$/, '');
  // Somebody who did what `waybill up` told them to has exported the embedded engine's own endpoint.
  if (!endpoint || sharedEngine.read(stateFolder)?.endpoint === endpoint) return sharedEngine.find(stateFolder);
  if (URL.canParse(endpoint) && (await answers(endpoint, PATIENCE_MS))) return externalEngine(endpoint, environment);
  // What `waybill up` once exported, of an engine that has ended since.
  if (endpoint === environment[UP_ENDPOINT]) return sharedEngine.find(stateFolder);
  throw new EndpointSilent(
    `AWS_ENDPOINT_URL is ${endpoint}, and nothing answers there: start that engine, or unset AWS_ENDPOINT_URL ` +
      '(and AWS_ENDPOINT_URL_S3) to use the embedded one.',
  );
}

/**
 * The environment of a program that shall use a target: this process's, without what would lead an AWS SDK elsewhere.
 * For the real AWS and the embedded engine that is without other endpoints; for the embedded engine also without a
 * profile, which would win over the dummy credentials.
 */
export function environmentFor(target: Target, environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const misleading = {
    embedded: MISLEADING,
    aws: target.env.AWS_PROFILE ? OTHER_THAN_PROFILE : /^AWS_ENDPOINT_URL/,
    external: undefined,
  }[target.kind];
  const own = target.kind === 'aws' ? withoutEngine(environment) : environment;
  return {
    ...Object.fromEntries(Object.entries(own).filter(([name]) => !misleading?.test(name))),
    ...target.env,
  };
}

/** An environment without the region and the credentials that `waybill up` has exported: they are no AWS account's. */
function withoutEngine(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!environment[UP_ENDPOINT]) return environment;
  const exported: Readonly<Record<string, string>> = IDENTITY;
  return Object.fromEntries(Object.entries(environment).filter(([name, value]) => exported[name] !== value));
}

/** What would lead an AWS SDK away from an engine that `waybill up` started. */
export const MISLEADING = /^AWS_(ENDPOINT_URL|PROFILE$|DEFAULT_PROFILE$|SESSION_TOKEN$)/;

/** What would win over a profile that was asked for, or is said of another. */
const OTHER_THAN_PROFILE = /^AWS_(?:ENDPOINT_URL|(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|DEFAULT_PROFILE)$)/;

function externalEngine(endpoint: string, environment: NodeJS.ProcessEnv): ExternalEngine {
  const region = regionOf(environment) ?? REGION;
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...rest } = endpointEnvironment(endpoint);
  const ownCredentials = environment.AWS_ACCESS_KEY_ID || environment.AWS_PROFILE;
  const env = {
    ...rest,
    ...(!ownCredentials && { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }),
    AWS_ENDPOINT_URL_S3: environment.AWS_ENDPOINT_URL_S3 ?? endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  };
  return { kind: 'external', endpoint, region, env, ...foreign };
}

function realAws(environment: NodeJS.ProcessEnv, { region, profile }: TargetOptions): RealAws {
  const env = {
    CDK_DISABLE_CLI_TELEMETRY: '1',
    ...(region && { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
    ...(profile && { AWS_PROFILE: profile }),
  };
  const known = region ?? regionOf(withoutEngine(environment));
  return { kind: 'aws', endpoint: undefined, region: known, env, ...foreign };
}

const foreign = { owned: false, stop: async () => undefined } as const;

function regionOf(environment: NodeJS.ProcessEnv): string | undefined {
  return environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
}
