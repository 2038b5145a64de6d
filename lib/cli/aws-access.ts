import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../aws/errors.ts';
import { WaybillError } from '../contract/errors.ts';
import { EndpointSilent, type Target } from '../local/index.ts';
import { said } from './said.ts';

/** No region or no credentials are known, or the credentials are refused. */
export class AwsNotConfigured extends WaybillError {
  readonly code = 'aws-not-configured';
}

/** How long the credentials, and then the first answer of a service, may take. */
const PATIENCE_MS = 4_000;

/** The limits of an AWS client of a command: its own requests wait for ever. */
export const CLIENT_LIMITS = {
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

/** As much of an AWS client as says whether anything can be asked. */
interface Configured {
  readonly config: { region(): Promise<string>; credentials(): Promise<unknown> };
}

/**
 * The region of a client that has credentials too.
 * @throws AwsNotConfigured when it lacks any
 */
export async function configuredRegion({ config }: Configured): Promise<string> {
  const [region, credentials] = await Promise.allSettled([config.region(), soon(config.credentials())]);
  const missing = [
    region.status === 'rejected' && `no region (${said(region.reason)}): set AWS_REGION, or give your profile one`,
    credentials.status === 'rejected' &&
      `no credentials (${said(credentials.reason)}): set AWS_PROFILE to a profile that has them, or log in by \`aws sso login\``,
  ].filter((sentence) => sentence !== false);
  if (region.status === 'fulfilled' && missing.length === 0) return region.value;
  const { AWS_PROFILE } = process.env;
  const which = AWS_PROFILE ? `With the profile '${AWS_PROFILE}', this shell` : 'This shell';
  throw new AwsNotConfigured(`AWS cannot be asked. ${which} has ${missing.join('. It has ')}`);
}

/** A program that gives credentials may ask its user for something first: it may take its time. */
async function soon(credentials: Promise<unknown>): Promise<void> {
  await (namesCredentialProcess() ? credentials : inTime(credentials, 'nobody gave any'));
}

function namesCredentialProcess({ env } = process): boolean {
  const files = [
    env.AWS_CONFIG_FILE ?? join(homedir(), '.aws', 'config'),
    env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), '.aws', 'credentials'),
  ];
  return files.some((file) => textOf(file).includes('credential_process'));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A service of a target, for sentences. */
export interface Service {
  readonly name: 'Lambda' | 'DynamoDB';
  readonly target: Target;
  readonly region: string;
}

/** By these AWS says that it does not know the caller, whatever is asked. */
const REFUSED =
  /^(?:UnrecognizedClient|ExpiredToken|InvalidSignature|InvalidClientTokenId|SignatureDoesNotMatch|MissingAuthenticationToken|IncompleteSignature)/;

/**
 * The first answer of a service.
 * @throws EndpointSilent when none comes in 4 s
 * @throws AwsNotConfigured when the credentials are refused
 */
export async function firstAnswer<Answer>(service: Service, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await inTime(answer, 'no answer came');
  } catch (error) {
    const { name, target, region } = service;
    const where = target.endpoint ?? `AWS in ${region}`;
    const reason = said(error);
    if (REFUSED.test(errorCode(error))) {
      throw new AwsNotConfigured(`${name} at ${where} refuses the credentials of this shell: ${reason}`, {
        cause: error,
      });
    }
    if (hasAnswered(error)) throw error;
    const advice = target.endpoint
      ? `check AWS_ENDPOINT_URL_${name.toUpperCase()}, and that the engine runs`
      : 'check the region, and that this machine reaches AWS';
    throw new EndpointSilent(`${name} at ${where} does not answer (${reason}): ${advice}`, { cause: error });
  }
}

function hasAnswered(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode !== undefined;
}

async function inTime<Result>(work: Promise<Result>, otherwise: string): Promise<Result> {
  const controller = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`${otherwise} in ${PATIENCE_MS / 1_000} s`);
  });
  // Whichever comes later is nobody's business any more.
  late.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    controller.abort();
  }
}
