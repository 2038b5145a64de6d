import { type FunctionConfiguration, type LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { BINDINGS } from '../contract/bindings.ts';
import { WaybillError } from '../contract/errors.ts';

/** The shards of a ledger that does not say otherwise. */
export const DEFAULT_SHARDS = 16;

/** A function that is bound to a ledger. */
export interface DeployedFunction {
  /** Of a subscriber's or a producer's function, that name; else the function's own. */
  readonly name: string;
  readonly kind: 'subscriber' | 'producer' | 'framework';
  readonly functionName: string;
  readonly logGroup: string;
  /** Of a subscriber's function with a breaker. */
  readonly controlQueueUrl?: string;
}

/** No function of the ledger has the name. */
export class UnknownFunction extends WaybillError {
  readonly code = 'unknown-function';
}

/** The functions that are bound to a ledger, by their names. */
export async function functionsOf(lambda: LambdaClient, ledger: string): Promise<DeployedFunction[]> {
  const functions: DeployedFunction[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    const bound = Functions.filter(({ Environment }) => Environment?.Variables?.[BINDINGS.ledger] === ledger);
    functions.push(...bound.map(described));
  }
  return functions.sort((one, other) => one.name.localeCompare(other.name));
}

/** What the functions that are bound to a ledger say of it. */
export interface DeployedLedger {
  /** Of several numbers the largest. */
  readonly shards: number;
  readonly forwardQueueUrl?: string;
  /** Of a ledger that signs its messages. */
  readonly signingSecret?: string;
}

/** The ledgers to which functions are bound. */
export async function ledgersOf(lambda: LambdaClient): Promise<ReadonlyMap<string, DeployedLedger>> {
  const ledgers = new Map<string, DeployedLedger>();
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) noteLedgers(ledgers, Functions);
  return ledgers;
}

/** Adds the ledgers to which some functions are bound. */
export function noteLedgers(ledgers: Map<string, DeployedLedger>, functions: readonly FunctionConfiguration[]): void {
  for (const { Environment: environment } of functions) {
    const variables = environment?.Variables ?? {};
    const { [BINDINGS.ledger]: ledger, [BINDINGS.forwardQueueUrl]: url, [BINDINGS.signingSecret]: secret } = variables;
    if (!ledger) continue;
    const { shards = 0, forwardQueueUrl = url, signingSecret = secret } = ledgers.get(ledger) ?? {};
    const own = Number(variables[BINDINGS.shards] ?? 0) || DEFAULT_SHARDS;
    ledgers.set(ledger, {
      shards: Math.max(own, shards),
      ...(forwardQueueUrl && { forwardQueueUrl }),
      ...(signingSecret && { signingSecret }),
    });
  }
}

/**
 * The functions that are meant: those of a name; without one, those of subscribers and producers, and the framework's where
 * they are asked for.
 *
 * @throws UnknownFunction when there is none of the name
 */
export function chosen(
  functions: readonly DeployedFunction[],
  name: string | undefined,
  withFramework: boolean,
): readonly DeployedFunction[] {
  if (name === undefined) return functions.filter(({ kind }) => withFramework || kind !== 'framework');
  const named = functions.filter((one) => one.name === name || one.functionName === name);
  if (named.length > 0) return named;
  const names = functions.filter(({ kind }) => kind !== 'framework').map((one) => one.name);
  throw new UnknownFunction(
    `There is no subscriber, producer or function '${name}' at this ledger: there are ${names.join(', ') || 'none'}`,
  );
}

function described({ FunctionName = '', Environment, LoggingConfig }: FunctionConfiguration): DeployedFunction {
  const { [BINDINGS.subscriber]: subscriber, [BINDINGS.producer]: producer } = Environment?.Variables ?? {};
  const controlQueueUrl = Environment?.Variables?.[BINDINGS.controlQueueUrl];
  const isRecorder = Environment?.Variables?.[BINDINGS.queueUrl] === undefined;
  const kind = subscriber && !isRecorder ? 'subscriber' : producer ? 'producer' : 'framework';
  const own = kind === 'framework' ? undefined : (subscriber ?? producer);
  return {
    name: own ?? FunctionName,
    kind,
    functionName: FunctionName,
    ...(controlQueueUrl && { controlQueueUrl }),
    logGroup: LoggingConfig?.LogGroup ?? `/aws/lambda/${FunctionName}`,
  };
}
