import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { fromItem, toItem } from '../../aws/attribute.ts';
import type { Environment, Log } from '../../aws/environment.ts';
import { BINDINGS, tableBinding } from '../../contract/bindings.ts';
import type { AnyTable, TableItem, TableKey } from '../../contract/table.ts';
import { FORMAT_RESOURCE } from '../../ledger/rows/format.ts';
import type { DeadLetter } from '../delivery.ts';
import { TestMisused } from '../errors.ts';
import {
  type EventSourceMapping,
  EventSourcePoller,
  type LambdaHandler,
  lambdaFunction,
  type Observer,
  tableStreamsOf,
} from '../lambda/index.ts';
import { type HostEndpoints, type HostWire, hostClients, hostedEnvironment, silentLog } from './clients.ts';
import { DataPlane } from './data-plane.ts';
import { RoutesNotRegistered } from './errors.ts';
import { functionsOf, type HostedFunction, handlerOf, nameOfFunction } from './hosted-function.ts';
import { takeLetters } from './hosted-letters.ts';
import { mappingsOf, polled } from './hosted-mapping.ts';
import { type LeftOut, leftOutOf } from './left-out.ts';
import { register } from './routes.ts';
import type { Place, Template } from './template.ts';

/** What `hostStacks` deploys, and what runs in this process. */
export interface HostOptions extends HostEndpoints {
  /** The templates of the stacks, by the stacks' names: all that refer to each other. */
  readonly templates: Readonly<Record<string, Template>>;
  /** The handlers that run in this process: a consumer's by its subscriber's name, any other by its logical id. */
  readonly handlers: Readonly<Record<string, LambdaHandler>>;
  /** Carries the requests of handlers, so that a test can delay, lose or repeat them. @default at once */
  readonly wire?: HostWire;
  /** Takes what handlers log. @default nowhere */
  readonly log?: Log;
  /** Told of every invocation, of what was discarded, and of what the poller could not do. */
  readonly observer?: Observer;
  /** Milliseconds after which a source is asked again that had nothing. @default 100 */
  readonly interval?: number;
}

/** Stacks whose data plane is in engines, and whose handlers run in this process. */
export interface HostedStacks {
  /** The stacks' outputs, by stack and name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Resources that the templates declare and that are not here. `describeLeftOut` puts them in words. */
  readonly leftOut: readonly LeftOut[];
  /** For producers and for reading the tables: bound to the ledger and to every business table. */
  readonly environment: Environment;
  /** A row of a business table as it is now. */
  read<T extends AnyTable>(table: T, key: TableKey<T>): Promise<TableItem<T> | undefined>;
  /** Takes what subscribers have given up out of their dead-letter queues. */
  takeDeadLetters(): Promise<DeadLetter[]>;
  /** The poller that carries messages to the handlers: `start` and `stop`, or `step`. */
  readonly poller: EventSourcePoller;
  /** Handles messages until none is left, see `EventSourcePoller.runUntilIdle`. */
  runUntilIdle: EventSourcePoller['runUntilIdle'];
  /** Ends the poller and deletes everything that was made. */
  destroy(): Promise<void>;
}

/**
 * Makes the queues, streams, buckets and tables of some stacks in engines such as LocalStack and DynamoDB Local, and runs
 * the stacks' handlers in this process, as their event sources would. Waybill's own functions, relay, forwarder, recorder
 * and registrar, run too. What is not hosted is named in `leftOut`.
 *
 * The engines are where `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_DYNAMODB` say, unless the options say otherwise.
 *
 * @throws TestMisused when nothing says where the engines are, or a handler is given for a function that no template has
 * @throws ResourceRefused when an engine does not make a resource, or does not answer
 * @throws TemplateNotUnderstood when a template refers to what is not there
 * @throws RoutesNotRegistered when a route could not be written into the ledger
 * @example
 * const shop = await hostStacks({ templates: { Shop: Template.fromStack(stack).toJSON() }, handlers: { 'reserve-stock': handler } });
 * await publish(OrderPlaced, order, { environment: shop.environment });
 * await shop.runUntilIdle();
 * await shop.destroy();
 */
export async function hostStacks(options: HostOptions): Promise<HostedStacks> {
  const { templates, handlers, wire = (_request, send) => send(), log = silentLog, observer, interval } = options;
  const clients = hostClients(options);
  const region = await clients.sqs.config.region();
  const plane = new DataPlane(new Map(Object.entries(templates)), clients, region);
  const close = () => {
    for (const client of Object.values(clients)) client.destroy();
  };
  try {
    const functions = await functionsOf(plane);
    refuseUnknown(handlers, functions);
    await plane.make();
    const { mappings, running } = await invoking(plane, functions, handlers, (hosted) =>
      hostedEnvironment(clients, nameOfFunction(hosted), hosted.variables, { log, wire }),
    );
    const unfaulted = { log, wire: (_request, send) => send() } satisfies { log: Log; wire: HostWire };
    const routes = await writeRoutes(plane, functions, (hosted) =>
      hostedEnvironment(clients, nameOfFunction(hosted), hosted.variables, unfaulted),
    );
    const poller = new EventSourcePoller({
      mappings,
      clients: {
        sqs: clients.sqs,
        kinesis: async () => clients.kinesis,
        s3: async () => clients.s3,
        tableStreams: tableStreamsOf(clients.dynamodb),
      },
      region,
      ...(interval !== undefined && { interval }),
      ...(observer && { observer }),
    });
    const variables = producerVariables(functions);
    const deadLetterQueues = functions.flatMap(({ variables: { [BINDINGS.deadLetterQueueUrl]: url } }) => url ?? []);
    return {
      outputs: await plane.outputs(),
      leftOut: leftOutOf(plane, [...running, ...routes]),
      environment: hostedEnvironment(clients, 'test', variables, unfaulted),
      read: async (table, key) => {
        const TableName = variables[tableBinding(table.name)];
        if (TableName === undefined)
          throw new TestMisused(`No function of the templates uses the table '${table.name}'`);
        const request = new GetItemCommand({ TableName, Key: toItem(key, table.name), ConsistentRead: true });
        const { Item } = await clients.dynamodb.send(request);
        return Item && (fromItem(Item, table.bigints) as TableItem<typeof table>);
      },
      takeDeadLetters: () => takeLetters([...new Set(deadLetterQueues)], clients),
      poller,
      // DynamoDB Local's streams follow its tables by some hundred milliseconds where the machine is busy.
      runUntilIdle: (given) => poller.runUntilIdle({ quietFor: '2s', ...given }),
      destroy: async () => {
        await poller.stop();
        await plane.destroy();
        close();
      },
    };
  } catch (error) {
    await plane.destroy().catch(() => undefined);
    close();
    throw error;
  }
}

function refuseUnknown(handlers: HostOptions['handlers'], functions: readonly HostedFunction[]): void {
  const known = functions.flatMap((hosted) => [nameOfFunction(hosted), hosted.place.logicalId]);
  const unknown = Object.keys(handlers).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const consumers = functions.filter(({ role }) => role === 'consumer').map(nameOfFunction);
  throw new TestMisused(
    `A handler is given for '${unknown}', which no template has: the subscribers are ${consumers.join(', ')}`,
  );
}

/** The mappings of all functions that have a handler, and what of the templates runs by that. */
async function invoking(
  plane: DataPlane,
  functions: readonly HostedFunction[],
  handlers: HostOptions['handlers'],
  environmentOf: (hosted: HostedFunction) => Environment,
): Promise<{ readonly mappings: readonly EventSourceMapping[]; readonly running: readonly Place[] }> {
  const declared = await mappingsOf(plane);
  const mappings: EventSourceMapping[] = [];
  const running: Place[] = [];
  for (const hosted of functions) {
    const own = declared.filter(({ target }) => hosted.names.includes(target));
    const handler = handlerOf(hosted, handlers, own);
    if (!handler) continue;
    running.push(hosted.place);
    const name = nameOfFunction(hosted);
    const { timeout } = hosted;
    const invoke = lambdaFunction({ name, handler, environment: environmentOf(hosted), timeout });
    for (const one of own) {
      const mapping = await polled(one, own.length > 1 ? `${name} (${one.service})` : name, invoke, plane);
      if (!mapping) continue;
      mappings.push(mapping);
      running.push(one.place);
    }
  }
  return { mappings, running };
}

/** Writes the routes of all subscribers, and tells by which resources. The registrars run by that. */
async function writeRoutes(
  plane: DataPlane,
  functions: readonly HostedFunction[],
  environmentOf: (hosted: HostedFunction) => Environment,
): Promise<readonly Place[]> {
  const resources = plane.resources();
  const formats = resources.filter(({ resource }) => resource.Type === FORMAT_RESOURCE);
  const routes = resources.filter(({ resource }) => resource.Type === 'Custom::WaybillRoute');
  // A new ledger has its format before anybody reads; a format that is asked for is turned on once everybody does.
  const isAsked = ({ resource }: (typeof resources)[number]) => resource.Properties?.format !== undefined;
  const steps = [formats.filter((one) => !isAsked(one)), routes, formats.filter(isAsked)];
  const registrars: Place[] = [];
  for (const step of steps) registrars.push(...(await registerAll(plane, functions, environmentOf, step)));
  return [...steps.flat().map(({ place }) => place), ...registrars];
}

/** Has resources carried out by their registrars, and tells which those are. */
function registerAll(
  plane: DataPlane,
  functions: readonly HostedFunction[],
  environmentOf: (hosted: HostedFunction) => Environment,
  resources: ReturnType<DataPlane['resources']>,
): Promise<Place[]> {
  return Promise.all(
    resources.map(async ({ place, resource }) => {
      const properties = (await plane.resolve(place.stack, resource.Properties)) as Record<string, unknown>;
      const registrar = functions.find(({ names }) => names.includes(String(properties.ServiceToken)));
      if (!registrar) {
        throw new RoutesNotRegistered(
          `${place.logicalId} of ${place.stack}: give the template of its ledger's stack too`,
        );
      }
      await register(place, resource.Type, properties, environmentOf(registrar));
      return registrar.place;
    }),
  );
}

/** The ledger with its queues, and all business tables, by the variables of the functions that use them. */
function producerVariables(functions: readonly HostedFunction[]): Readonly<Record<string, string | undefined>> {
  const all = functions.flatMap(({ variables }) => Object.entries(variables));
  const shared = all.filter(([name]) => PRODUCER_BINDINGS.includes(name) || name.startsWith(tableBinding('')));
  return { ...Object.fromEntries(shared), [BINDINGS.producer]: 'test' };
}

const PRODUCER_BINDINGS: readonly string[] = [
  BINDINGS.ledger,
  BINDINGS.shards,
  BINDINGS.formats,
  BINDINGS.forwardQueueUrl,
  BINDINGS.checkBackQueueUrl,
];
