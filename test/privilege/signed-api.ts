import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SignatureV4 } from '@smithy/signature-v4';
import { clientOptions } from '../engine/stage.ts';

/** Calls of an engine's account owner to the services for which the repository has no SDK client. */
export class SignedApi {
  readonly #endpoint: string;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** A call of AWS's query protocol: the XML that it answers. */
  query(service: 'iam' | 'cloudformation', action: string, parameters: Record<string, string>): Promise<string> {
    const Version = { iam: '2010-05-08', cloudformation: '2010-05-15' }[service];
    const body = new URLSearchParams({ Action: action, Version, ...parameters }).toString();
    return this.#ask(service, { 'content-type': 'application/x-www-form-urlencoded' }, body);
  }

  /** A call of AWS's JSON protocol. */
  async json<Answer>(service: string, target: string, input: object): Promise<Answer> {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
    return JSON.parse(await this.#ask(service, headers, JSON.stringify(input))) as Answer;
  }

  async #ask(service: string, headers: Record<string, string>, body: string): Promise<string> {
    const url = new URL('/', this.#endpoint);
    const { credentials, region, sha256 } = new DynamoDBClient(clientOptions(this.#endpoint)).config;
    const { headers: signed } = await new SignatureV4({ credentials, region, sha256, service }).sign({
      ...{ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/', query: {} },
      headers: { ...headers, host: url.host },
      body,
    });
    const reply = await fetch(url, { method: 'POST', headers: signed, body });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${service} answered ${reply.status}: ${text.slice(0, 500)}`);
    return text;
  }
}

/** What stands in each element of this name, in the order of the document. No element may hold another of its name. */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, text = '']) => text);
}
