import { randomBytes } from 'node:crypto';
import { realClock } from '../lambda/index.ts';
import type { HostClients } from './clients.ts';
import { ResourceRefused, TemplateNotUnderstood } from './errors.ts';
import { resolved, type Scope } from './intrinsics.ts';
import { makeBucket } from './resources/bucket.ts';
import type { Physical, ResourceMaker } from './resources/physical.ts';
import { makeQueue } from './resources/queue.ts';
import { makeStream } from './resources/stream.ts';
import { makeTable } from './resources/table.ts';
import type { Place, Template, TemplateResource } from './template.ts';

/** Makers of the resources that hold messages and rows. */
const MAKERS: Readonly<Record<string, ResourceMaker>> = {
  'AWS::SQS::Queue': makeQueue,
  'AWS::Kinesis::Stream': makeStream,
  'AWS::S3::Bucket': makeBucket,
  'AWS::DynamoDB::Table': makeTable,
  'AWS::DynamoDB::GlobalTable': makeTable,
};

const ACCOUNT = '000000000000';

/** How long an engine may take to make one resource. */
const PATIENCE_MS = 90_000;

/**
 * The queues, streams, buckets and tables of some stacks, made in engines from the stacks' templates. A resource is made
 * once, when something first asks for it, after whatever it refers to.
 */
export class DataPlane {
  readonly region: string;
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #clients: HostClients;
  readonly #made = new Map<string, Promise<Physical>>();
  /** Tells the names of one deploy from those of another in the same engine. */
  readonly #suffix = randomBytes(4).toString('hex');

  constructor(templates: ReadonlyMap<string, Template>, clients: HostClients, region: string) {
    this.#templates = templates;
    this.#clients = clients;
    this.region = region;
  }

  /**
   * Makes everything that engines can hold.
   *
   * @throws ResourceRefused when an engine refuses a resource, TemplateNotUnderstood when a template is not understood
   */
  async make(): Promise<void> {
    const all = this.resources().filter(({ resource }) => isHosted(resource));
    const outcomes = await Promise.allSettled(all.map(({ place }) => this.#physical(place)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Everything that the templates declare. */
  resources(): readonly { readonly place: Place; readonly resource: TemplateResource }[] {
    return [...this.#templates].flatMap(([stack, { Resources = {} }]) =>
      Object.entries(Resources).map(([logicalId, resource]) => ({ place: { stack, logicalId }, resource })),
    );
  }

  /** A value of a stack's template, with its functions carried out. */
  resolve(stack: string, value: unknown): Promise<unknown> {
    return resolved(value, this.#scope(stack));
  }

  /** All outputs, by stack and name. */
  async outputs(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
    const stacks = [...this.#templates].map(async ([stack, { Outputs = {} }]) => {
      const values = Object.entries(Outputs).map(
        async ([name, { Value }]) => [name, String(await this.resolve(stack, Value))] as const,
      );
      return [stack, Object.fromEntries(await Promise.all(values))] as const;
    });
    return Object.fromEntries(await Promise.all(stacks));
  }

  /** The URL of the queue with the ARN, if it was made here. */
  async queueUrl(arn: string): Promise<string | undefined> {
    const made = await Promise.all(this.#made.values());
    return made.find(({ attributes }) => attributes.Arn === arn && attributes.QueueUrl)?.ref;
  }

  /** Deletes all that was made. */
  async destroy(): Promise<void> {
    const made = await Promise.allSettled(this.#made.values());
    this.#made.clear();
    const gone = await Promise.allSettled(
      made.map(async (outcome) => (outcome.status === 'fulfilled' ? outcome.value.destroy() : undefined)),
    );
    const failed = gone.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #scope(stack: string): Scope {
    const { region } = this;
    const pseudo: Readonly<Record<string, string | undefined>> = {
      'AWS::Region': region,
      'AWS::AccountId': ACCOUNT,
      'AWS::Partition': 'aws',
      'AWS::StackName': stack,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${ACCOUNT}:stack/${stack}/${this.#suffix}`,
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::NoValue': undefined,
    };
    return {
      ref: async (name) =>
        Object.hasOwn(pseudo, name) ? pseudo[name] : (await this.#physical({ stack, logicalId: name })).ref,
      getAtt: async (logicalId, attribute) => {
        const { attributes } = await this.#physical({ stack, logicalId });
        const value = attributes[attribute];
        if (value !== undefined) return value;
        throw new TemplateNotUnderstood(
          `The stack ${stack} asks for ${attribute} of ${logicalId}, which is not known here`,
        );
      },
      importValue: (name) => this.#exported(name),
      stackOutput: (other, output) => {
        const found = this.#templates.get(other)?.Outputs?.[output];
        if (found) return this.resolve(other, found.Value);
        throw new TemplateNotUnderstood(
          `The stack ${stack} needs the output ${output} of ${other}: give its template too`,
        );
      },
    };
  }

  async #exported(name: string): Promise<unknown> {
    for (const [stack, { Outputs = {} }] of this.#templates) {
      for (const { Export, Value } of Object.values(Outputs)) {
        if (Export && (await this.resolve(stack, Export.Name)) === name) return this.resolve(stack, Value);
      }
    }
    throw new TemplateNotUnderstood(`No template that was given exports ${name}: give that of its stack too`);
  }

  #physical(place: Place): Promise<Physical> {
    const key = `${place.stack}/${place.logicalId}`;
    const made = this.#made.get(key) ?? this.#makeOne(place);
    this.#made.set(key, made);
    return made;
  }

  async #makeOne({ stack, logicalId }: Place): Promise<Physical> {
    const resource = this.#templates.get(stack)?.Resources?.[logicalId];
    if (!resource) throw new TemplateNotUnderstood(`The stack ${stack} refers to ${logicalId}, which it does not have`);
    const make = MAKERS[resource.Type];
    const name = `${stack}-${logicalId}-${this.#suffix}`;
    if (!make && resource.Type !== ALIAS) return standIn(resource, name, this.region);
    const properties = (await this.resolve(stack, resource.Properties ?? {})) as Record<string, unknown>;
    if (!make) return standIn({ ...resource, Properties: properties }, name, this.region);
    try {
      return await inTime(make({ name, properties, clients: this.#clients, region: this.region }));
    } catch (cause) {
      const service = resource.Type.split('::')[1]?.toUpperCase();
      throw new ResourceRefused(
        `${logicalId} (${resource.Type}) could not be made: ${refusalIn(cause)}. ` +
          `AWS_ENDPOINT_URL_${service}, else AWS_ENDPOINT_URL, says where its engine is`,
        { cause },
      );
    }
  }
}

/** An engine that has a service only in part may try for minutes. */
async function inTime(making: Promise<Physical>): Promise<Physical> {
  const made = new AbortController();
  const timeUp = realClock.sleep(PATIENCE_MS, made.signal).then(() => {
    throw new Error(`there was no answer within ${PATIENCE_MS / 1000} s`);
  });
  try {
    return await Promise.race([making, timeUp]);
  } finally {
    timeUp.catch(() => undefined);
    made.abort('ended');
  }
}

/** The engine's answer, or that there was none, or another error. */
function refusalIn(error: unknown): string {
  const { name, message, errors = [] } = error as AggregateError;
  const silent = [error, ...errors].find((one) => (one as { code?: string }).code === 'ECONNREFUSED');
  if (silent) {
    const { address, port } = silent as { readonly address?: string; readonly port?: number };
    return `nothing answers at http://${address}:${port}`;
  }
  // The SDK could not read the reply.
  if (name === 'SyntaxError') return 'what answers there does not speak its language';
  const [text] = message.split('\n');
  return name === 'Error' ? `${text}` : `${name}, ${text}`;
}

export function isHosted({ Type }: TemplateResource): boolean {
  return Object.hasOwn(MAKERS, Type);
}

const ALIAS = 'AWS::Lambda::Alias';

/** A resource that is not hosted: references find a name, and nothing behind it. */
function standIn({ Type, Properties = {} }: TemplateResource, name: string, region: string): Physical {
  const { FunctionName, Name } = Properties;
  if (Type === ALIAS) {
    const alias = `arn:aws:lambda:${region}:${ACCOUNT}:function:${String(FunctionName)}:${String(Name)}`;
    return { ref: alias, attributes: { AliasArn: alias }, destroy: async () => undefined };
  }
  const isFunction = Type === 'AWS::Lambda::Function';
  const ref = isFunction && typeof FunctionName === 'string' ? FunctionName : name;
  const arn = isFunction
    ? `arn:aws:lambda:${region}:${ACCOUNT}:function:${ref}`
    : `arn:aws:not-hosted:${region}:${ACCOUNT}:${ref}`;
  const attributes = new Proxy<Record<string, string>>({}, { get: () => arn });
  return { ref, attributes, destroy: async () => undefined };
}
