import { REGION } from '../../lib/local/endpoint.ts';
import { DYNAMODB_LOCAL } from '../../lib/local/engines/dynamodb-local.ts';
import type { EngineProgram } from '../../lib/local/engines/engine-program.ts';
import { LOCALSTACK } from '../../lib/local/engines/localstack.ts';
import { ministack } from '../../lib/local/engines/ministack.ts';
import type { Report } from '../../lib/local/report.ts';
import { type StartedServer, startServer } from '../../lib/local/server.ts';
import type { Feature } from './case.ts';
import { DUMMY_CREDENTIALS } from './clients.ts';
import { ELASTICMQ } from './engines/elasticmq.ts';
import { KINESIS_LOCAL } from './engines/kinesis-local.ts';
import { ServiceMissing, UnknownEngine } from './errors.ts';
import { silentFeatures } from './probe.ts';
import type { SuiteTarget } from './run-suites.ts';
import { MEMORY_FEATURES, MEMORY_TARGET, MINISTACK_FEATURES, sdkTarget } from './targets.ts';

/** An engine that is asked all cases. */
export interface AskedEngine {
  /** As in expectations.json, e.g. `dynamodb-local`. */
  readonly name: string;
  /** E.g. `DynamoDB Local`. */
  readonly title: string;
  readonly version: string;
  readonly features: ReadonlySet<Feature>;
  /**
   * Starts it, and fetches it before where it is not there.
   * @throws {EngineUnavailable | EngineInstallFailed | EngineStartFailed}
   */
  start(report: Report): Promise<StartedTarget>;
}

export interface StartedTarget {
  readonly target: SuiteTarget;
  close(): Promise<void>;
}

/** In the order of the table. */
export const ASKED_ENGINES: readonly AskedEngine[] = [
  {
    name: 'memory',
    title: 'In memory',
    version: 'waybill/testing',
    features: MEMORY_FEATURES,
    start: async () => ({ target: MEMORY_TARGET, close: async () => undefined }),
  },
  independent({ ...ministack(), name: 'ministack', title: 'MiniStack' }, ...MINISTACK_FEATURES),
  independent(DYNAMODB_LOCAL, 'dynamodb', 'dynamodb-streams', 'dynamodb-ttl'),
  independent(ELASTICMQ, 'sqs', 'sqs-fifo'),
  independent(KINESIS_LOCAL, 'kinesis', 'kinesis-read', 'kinesis-reshard'),
  independent(
    LOCALSTACK,
    ...(['sqs', 'sqs-fifo', 'kinesis', 'kinesis-read', 'kinesis-reshard'] as const),
    ...(['step-functions', 'events', 'scheduler'] as const),
  ),
];

/** @throws {UnknownEngine} */
export function askedEngine(name: string): AskedEngine {
  const engine = ASKED_ENGINES.find((one) => one.name === name);
  if (engine) return engine;
  const names = ASKED_ENGINES.map((one) => one.name).join(', ');
  throw new UnknownEngine(`--engine is '${name}', and there is no such engine: give one of ${names}.`);
}

function independent(engine: EngineProgram, ...names: readonly Feature[]): AskedEngine {
  const features = new Set(names);
  const { name, title, version } = engine;
  const start = async (report: Report) => opened(title, await startServer(engine, { report }), features);
  return { name, title, version, features, start };
}

async function opened(
  title: string,
  { state: { endpoint }, stop }: StartedServer,
  features: ReadonlySet<Feature>,
): Promise<StartedTarget> {
  const target = sdkTarget({ endpoint, region: REGION, credentials: DUMMY_CREDENTIALS }, features);
  const close = async () => {
    target.close();
    await stop();
  };
  const [silent] = await silentFeatures(target.aws, features);
  if (!silent) return { target, close };
  await close();
  throw new ServiceMissing(`${title} does not answer for ${silent[0]}: ${silent[1]}.`);
}
