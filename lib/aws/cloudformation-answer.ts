import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { InvalidDefinition } from '../contract/errors.ts';

/** What CloudFormation is told of a custom resource. */
export interface Answer {
  readonly Status: 'SUCCESS' | 'FAILED';
  /** Why it failed: CloudFormation shows it to whoever deploys. */
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

/** Milliseconds without a sign of life after which a request is given up. */
const SILENCE_MS = 10_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Puts the answer where CloudFormation waits for it. Whoever has the URL can end the deployment, so it goes over https,
 * or over http to the local engine.
 *
 * @param engine the `AWS_ENDPOINT_URL`, if there is one
 * @throws InvalidDefinition when the URL is neither
 * @throws Error when the answer was not accepted
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export async function putAnswer(responseUrl: string, answer: Answer, engine: string | undefined): Promise<void> {
  const url = permittedUrl(responseUrl, engine);
  const body = JSON.stringify(answer);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  // The URL is signed for an empty content type, which `fetch` would replace by its own.
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  await new Promise<void>((resolve, reject) => {
    const request = send(url, { method: 'PUT', headers, timeout: SILENCE_MS }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode < 400) resolve();
        else reject(new Error(`CloudFormation's answer URL replied with status ${statusCode}`));
      });
    });
    request.on('timeout', () =>
      request.destroy(new Error(`CloudFormation's answer URL is silent for ${SILENCE_MS} ms`)),
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The URL, if an answer may be put there. */
export function permittedUrl(responseUrl: string, engine: string | undefined): URL {
  const url = URL.parse(responseUrl);
  const engineUrl = engine ? URL.parse(engine) : null;
  const isEngine = url?.protocol === 'http:' && engineUrl !== null && isSameHost(url, engineUrl);
  if (!url || !(url.protocol === 'https:' || isEngine)) {
    const where = url ? `${url.protocol}//${url.host}` : 'a text that is no URL';
    throw new InvalidDefinition(
      `The answer is not put to ${where}: give https, or http to the host of AWS_ENDPOINT_URL`,
    );
  }
  return url;
}

function isSameHost(one: URL, other: URL): boolean {
  if (one.host === other.host) return true;
  return one.port === other.port && LOOPBACK.has(one.hostname) && LOOPBACK.has(other.hostname);
}
