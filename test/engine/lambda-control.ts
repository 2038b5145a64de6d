import type { StartedEngine } from '../../lib/local/engine.ts';

export type Variables = Readonly<Record<string, string>>;

/** What an operator does to deployed functions through the Lambda API. */
export class LambdaControl {
  readonly #engine: StartedEngine;

  constructor(engine: StartedEngine) {
    this.#engine = engine;
  }

  /** Changes environment variables; the next invocation has a new process. `undefined` removes one. */
  async setVariables(name: string, changes: Readonly<Record<string, string | undefined>>): Promise<void> {
    const path = `/2015-03-31/functions/${name}/configuration`;
    const { Environment } = await this.#ask<{ Environment?: { Variables?: Variables } }>('GET', path);
    const variables = Object.entries({ ...Environment?.Variables, ...changes }).filter(
      ([, value]) => value !== undefined,
    );
    await this.#ask('PUT', path, { Environment: { Variables: Object.fromEntries(variables) } });
  }

  async variables(name: string): Promise<Variables> {
    const path = `/2015-03-31/functions/${name}/configuration`;
    const { Environment } = await this.#ask<{ Environment?: { Variables?: Variables } }>('GET', path);
    return Environment?.Variables ?? {};
  }

  /** The function's deployment package. */
  async code(name: string): Promise<Buffer> {
    const { Code } = await this.#ask<{ Code: { Location: string } }>('GET', `/2015-03-31/functions/${name}`);
    const reply = await fetch(Code.Location);
    if (!reply.ok) throw new Error(`The code of ${name} cannot be fetched: ${reply.status} ${await reply.text()}`);
    return Buffer.from(await reply.arrayBuffer());
  }

  /** @param zip the function's new deployment package */
  async setCode(name: string, zip: Buffer): Promise<void> {
    await this.#ask('PUT', `/2015-03-31/functions/${name}/code`, { ZipFile: zip.toString('base64') });
  }

  /** Stops or starts the function's event sources. */
  async setSources(name: string, enabled: boolean): Promise<void> {
    const path = '/2015-03-31/event-source-mappings/';
    const query = `?FunctionName=${encodeURIComponent(name)}`;
    const reply = await this.#ask<{ EventSourceMappings: readonly { UUID: string }[] }>('GET', `${path}${query}`);
    if (reply.EventSourceMappings.length === 0) throw new Error(`${name} has no event source`);
    for (const { UUID } of reply.EventSourceMappings) await this.#ask('PUT', `${path}${UUID}`, { Enabled: enabled });
  }

  /** Has the function run as one process at most. */
  async runAlone(name: string): Promise<void> {
    await this.#ask('PUT', `/2017-10-31/functions/${name}/concurrency`, { ReservedConcurrentExecutions: 1 });
  }

  invoke(name: string, event: unknown): Promise<unknown> {
    return this.#ask('POST', `/2015-03-31/functions/${name}/invocations`, event);
  }

  /** Unsigned: the engine only reads from the signature which service is meant. */
  async #ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const { endpoint, region } = this.#engine;
    const scope = `test/20260101/${region}/lambda/aws4_request`;
    const reply = await fetch(`${endpoint}${path}`, {
      method,
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok || reply.headers.has('x-amz-function-error')) {
      throw new Error(`${method} ${path}: ${reply.status} ${text.slice(0, 500)}`);
    }
    return (text ? JSON.parse(text) : undefined) as Answer;
  }
}
