import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SignatureV4 } from '@smithy/signature-v4';

/** A request that a service refused, with the error's name as an SDK would give it. */
export class ApiError extends Error {
  readonly status: number;

  constructor(name: string, message: string, status: number) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** Where requests go and who signs them. Without endpoint and credentials: the real AWS, as the environment says. */
export interface Destination {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface Protocol {
  /** The service's name in signatures. */
  readonly scope: string;
  /** The first half of `X-Amz-Target`. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** The first half of the host name on AWS. */
  readonly host: string;
}

const PROTOCOLS = {
  streams: { scope: 'dynamodb', target: 'DynamoDBStreams_20120810', version: '1.0', host: 'streams.dynamodb' },
  states: { scope: 'states', target: 'AWSStepFunctions', version: '1.0', host: 'states' },
  events: { scope: 'events', target: 'AWSEvents', version: '1.1', host: 'events' },
  logs: { scope: 'logs', target: 'Logs_20140328', version: '1.1', host: 'logs' },
} as const satisfies Record<string, Protocol>;

/** Signed calls of the services for which no SDK client is installed: AWS's JSON protocol and its JSON over REST. */
export class AwsApi {
  readonly #destination: Destination;
  readonly #identity: DynamoDBClient;

  constructor(destination: Destination) {
    this.#destination = destination;
    // A client of the SDK finds the credentials, and brings the hash function that signatures need.
    this.#identity = new DynamoDBClient({
      region: destination.region,
      ...(destination.credentials && { credentials: destination.credentials }),
    });
  }

  /** Calls an operation, e.g. `call('states', 'StartExecution', { … })`. */
  call<Answer = Record<string, never>>(
    service: keyof typeof PROTOCOLS,
    operation: string,
    input: object,
  ): Promise<Answer> {
    const { scope, target, version, host } = PROTOCOLS[service];
    const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${operation}` };
    return this.#send(scope, host, 'POST', '/', headers, JSON.stringify(input)) as Promise<Answer>;
  }

  /** Calls an operation by method and path, e.g. `rest('lambda', 'GET', '/2015-03-31/functions/f')`. */
  rest<Answer = Record<string, never>>(
    service: 'lambda' | 'scheduler',
    method: string,
    path: string,
    input?: object,
  ): Promise<Answer> {
    const body = input === undefined ? undefined : JSON.stringify(input);
    return this.#send(service, service, method, path, { 'content-type': 'application/json' }, body) as Promise<Answer>;
  }

  destroy(): void {
    this.#identity.destroy();
  }

  async #send(
    scope: string,
    host: string,
    method: string,
    target: string,
    headers: Record<string, string>,
    body: string | undefined,
  ): Promise<unknown> {
    const { endpoint, region } = this.#destination;
    const url = new URL(target, endpoint ?? `https://${host}.${region}.amazonaws.com`);
    const signer = new SignatureV4({
      service: scope,
      region,
      credentials: this.#identity.config.credentials,
      sha256: this.#identity.config.sha256,
    });
    const signed = await signer.sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port && { port: Number(url.port) }),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...headers, host: url.host },
      body,
    });
    const reply = await fetch(url, { method, headers: signed.headers, ...(body !== undefined && { body }) });
    const text = await reply.text();
    if (!reply.ok) throw errorOf(reply, text);
    return text ? JSON.parse(text) : {};
  }
}

function errorOf(reply: Response, text: string): ApiError {
  const answer = parsed(text);
  const type = reply.headers.get('x-amzn-errortype') ?? answer.__type ?? answer.code ?? `HTTP ${reply.status}`;
  const name = type.replace(/^.*#/, '').replace(/:.*$/, '');
  return new ApiError(name, answer.message ?? answer.Message ?? text.slice(0, 300), reply.status);
}

function parsed(text: string): { __type?: string; code?: string; message?: string; Message?: string } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
