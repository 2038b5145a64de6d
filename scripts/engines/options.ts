import { parseArgs } from 'node:util';
import { ASKED_ENGINES, type AskedEngine, askedEngine } from '../../test/conformance/engines.ts';
import { InvalidOption, UnknownRegion } from '../../test/conformance/errors.ts';

/** What a run is to do. */
export interface RunOptions {
  /** Which engines are started and asked. */
  readonly engines: readonly AskedEngine[];
  /** What is asked in place of them. */
  readonly elsewhere?: Elsewhere;
  /** Only cases whose id begins so. */
  readonly only?: string;
  /** Without the cases that wait for minutes. */
  readonly quick: boolean;
  readonly json: boolean;
  /** Whether the example shop is tested on LocalStack too. */
  readonly corePath: boolean;
  /** Whether anything is left out, so that the run cannot write the whole table. */
  readonly isPartial: boolean;
  /** Whether engines that have a column in the table are asked everything, so that the run can write their columns. */
  readonly fillsColumns: boolean;
}

/** An endpoint that somebody else runs, or without one the real AWS. */
export interface Elsewhere {
  readonly endpoint?: string;
  readonly region: string;
  /** What Lambda, Step Functions and the Scheduler may take. */
  readonly role?: string;
}

/**
 * @param parameters of the command line
 * @throws {InvalidOption | UnknownEngine | UnknownRegion}
 */
export function runOptions(parameters: readonly string[], environment: NodeJS.ProcessEnv): RunOptions {
  const { engine, endpoint, aws, region, role, only, quick, json } = parse(parameters);
  if (aws && endpoint !== undefined) throw new InvalidOption('--aws and --endpoint are two places: give one of them.');
  if (engine && (aws || endpoint !== undefined)) {
    throw new InvalidOption(`--engine is started here: leave it out with ${aws ? '--aws' : '--endpoint'}.`);
  }
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw new InvalidOption(`--endpoint is '${endpoint}': give a URL, e.g. http://127.0.0.1:4566.`);
  }
  const options = {
    ...(only !== undefined && { only }),
    quick,
    json,
    corePath: !aws && endpoint === undefined && only === undefined && (!engine || engine.includes('localstack')),
    isPartial: Boolean(engine || aws || endpoint || only || quick),
    fillsColumns: !(aws || endpoint || only || quick),
  };
  if (!aws && endpoint === undefined) {
    if (region !== undefined) throw new InvalidOption('--region is for --aws and --endpoint: engines have one here.');
    return { ...options, engines: engine ? [...new Set(engine)].map(askedEngine) : ASKED_ENGINES };
  }
  const place = region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? (aws ? undefined : 'us-east-1');
  if (place === undefined) throw new InvalidOption('--aws needs a region: give --region, or set AWS_REGION.');
  if (!/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(place)) {
    throw new UnknownRegion(`The region is '${place}', which none is called: give one like us-east-1.`);
  }
  return {
    ...options,
    engines: [],
    elsewhere: { ...(endpoint !== undefined && { endpoint }), region: place, ...(role !== undefined && { role }) },
  };
}

function parse(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        engine: { type: 'string', multiple: true },
        endpoint: { type: 'string' },
        aws: { type: 'boolean', default: false },
        region: { type: 'string' },
        role: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const [sentence = ''] = cause.message.split(/\. |\n/);
    throw new InvalidOption(
      `${sentence.replace(/\.$/, '')}: give --engine, --endpoint, --aws, --region, --role, --only, --quick or --json.`,
      { cause },
    );
  }
}
