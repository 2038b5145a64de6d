import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import type { Command } from 'commander';
import { createEnvironment, type Environment } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { isWaybillError, WaybillError } from '../contract/errors.ts';
import { eventSourcesOf } from '../inspect/list-event-sources.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { EVENT_TYPES } from '../ledger/rows/route.ts';
import { withEveryShard } from '../ledger/shards.ts';
import { repositoryRoot, runningTarget, type Target } from '../local/index.ts';
import { CLIENT_LIMITS, configuredRegion, firstAnswer, type Service } from './aws-access.ts';
import { addAwsOptions } from './aws-option.ts';
import { type CommandContext, jsonLine } from './command-context.ts';
import { DEFAULT_SHARDS, type DeployedLedger, noteLedgers } from './deployed-functions.ts';
import { said } from './said.ts';
import { useTarget } from './use-target.ts';

/** The options of a command that looks into a ledger. */
export interface LedgerOptions {
  readonly ledger?: string;
  readonly aws?: boolean;
  readonly region?: string;
  readonly profile?: string;
}

/** A deployed ledger, and what reading it takes. It satisfies `InspectionOptions` of the run time. */
export interface ResolvedLedger {
  readonly environment: Environment;
  /** The table's name. */
  readonly ledger: string;
  /** The largest number of shards that the ledger ever had, or that any deployed function mints ids for. */
  readonly shards: number;
  readonly listEventSources: ListEventSources;
  readonly target: Target;
}

/** No engine runs, so that there is no ledger to look into. */
export class NoEngine extends WaybillError {
  readonly code = 'no-engine';
}

/** The ledger was not named, and there is none or more than one. */
export class LedgerNotNamed extends WaybillError {
  readonly code = 'ledger-not-named';
}

/** There is no such ledger. */
export class UnknownLedger extends WaybillError {
  readonly code = 'unknown-ledger';
}

/** How to get an engine with a ledger on it: in this repository, and where the package is installed. */
const ADVICE = repositoryRoot()
  ? '`npm start` runs the example shop on one'
  : '`eval "$(npx waybill up)"` starts one for this shell, and `npx cdk bootstrap` and `npx cdk deploy` put your application on it';

/** Adds the options by which a command finds its ledger. */
export function addLedgerOptions(command: Command): Command {
  command.option(
    '--ledger <name>',
    `the ledger's table; default: ${BINDINGS.ledger}, else the only ledger that is deployed`,
  );
  return addAwsOptions(command);
}

/**
 * Finds the ledger of a command: `--ledger`, else `WAYBILL_LEDGER`, else the only ledger to which the deployed functions
 * are bound. The target is the engine at `AWS_ENDPOINT_URL` or the one that `waybill up` or `npm start` runs, or the real
 * AWS by `--aws`; nothing is started. From here on this process's AWS clients use it.
 * @throws NoEngine when no engine runs
 * @throws LedgerNotNamed when none is named, and none or several are deployed
 * @throws UnknownLedger when there is none of that name
 * @throws EndpointSilent when nothing answers at `AWS_ENDPOINT_URL`, or none of the services that are asked, in 4 s
 * @throws AwsNotConfigured when there is no region or there are no credentials
 */
export async function resolveLedger(options: LedgerOptions, context: CommandContext): Promise<ResolvedLedger> {
  const { aws = false, region, profile } = options;
  const target = await runningTarget({ environment: context.environment, aws, region, profile });
  if (!target) {
    throw new NoEngine(`No engine runs: ${ADVICE}; \`--aws\` asks the real AWS`);
  }
  useTarget(target);
  const lambda = new LambdaClient(CLIENT_LIMITS);
  const where = { target, region: await configuredRegion(lambda) };
  const named = options.ledger ?? context.environment[BINDINGS.ledger];
  // Side by side: where nobody answers, both take their whole time.
  const listing = settled(deployedLedgers(lambda, where));
  const check = named === undefined ? undefined : settled(checkLedger(named, where));
  const [listed, checked] = [await listing, await check];
  if (checked?.status === 'rejected') throw checked.reason;
  const ledger = named ?? onlyLedger(listed, target);
  if (named === undefined) await checkLedger(ledger, where);
  const deployed = listed.status === 'fulfilled' ? listed.value.get(ledger) : undefined;
  const configured = deployed?.shards ?? Number(context.environment[BINDINGS.shards] ?? DEFAULT_SHARDS);
  const forwardQueueUrl = deployed?.forwardQueueUrl ?? context.environment[BINDINGS.forwardQueueUrl];
  const environment = {
    ...createEnvironment({
      [BINDINGS.ledger]: ledger,
      [BINDINGS.shards]: String(configured),
      [BINDINGS.forwardQueueUrl]: forwardQueueUrl,
      [BINDINGS.signingSecret]: deployed?.signingSecret ?? context.environment[BINDINGS.signingSecret],
    }),
    log: logOf(context),
  };
  const { shards } = await withEveryShard(ledgerOf(environment));
  return { environment, ledger, shards, listEventSources: eventSourcesOf(lambda), target };
}

async function settled<Result>(work: Promise<Result>): Promise<PromiseSettledResult<Result>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}

type Where = Pick<Service, 'target' | 'region'>;

/**
 * The ledgers to which deployed functions are bound, with their shards: while a deployment that adds some is under way,
 * the larger number.
 */
async function deployedLedgers(lambda: LambdaClient, where: Where): Promise<ReadonlyMap<string, DeployedLedger>> {
  const ledgers = new Map<string, DeployedLedger>();
  const pages = paginateListFunctions({ client: lambda }, {});
  let page = await firstAnswer({ name: 'Lambda', ...where }, pages.next());
  for (; !page.done; page = await pages.next()) noteLedgers(ledgers, page.value.Functions ?? []);
  return ledgers;
}

function onlyLedger(listed: PromiseSettledResult<ReadonlyMap<string, unknown>>, target: Target): string {
  const where = nameOf(target);
  const how = `name it by --ledger or ${BINDINGS.ledger}`;
  if (listed.status === 'rejected') {
    if (isWaybillError(listed.reason)) throw listed.reason;
    // An engine without Lambda, or credentials that may not list.
    throw new LedgerNotNamed(
      `Lambda does not say which ledgers are deployed at ${where} (${said(listed.reason)}): ${how}`,
      { cause: listed.reason },
    );
  }
  const deployed = listed.value;
  const [ledger, ...others] = [...deployed.keys()].sort();
  if (!ledger) throw new LedgerNotNamed(`No ledger is deployed at ${where}: deploy one, or ${how}`);
  if (others.length > 0) {
    throw new LedgerNotNamed(
      `More than one ledger is deployed at ${where} (${[ledger, ...others].join(', ')}): ${how}`,
    );
  }
  return ledger;
}

async function checkLedger(ledger: string, where: Where): Promise<void> {
  const { target } = where;
  const { dynamodb } = createEnvironment({ [BINDINGS.ledger]: ledger });
  try {
    await firstAnswer(
      { name: 'DynamoDB', ...where },
      dynamodb.send(
        new QueryCommand({
          TableName: ledger,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: EVENT_TYPES } },
          Limit: 1,
        }),
      ),
    );
  } catch (error) {
    if (isWaybillError(error)) throw error;
    const code = errorCode(error);
    if (code === 'ResourceNotFoundException') {
      throw new UnknownLedger(`There is no ledger '${ledger}' at ${nameOf(target)}`, { cause: error });
    }
    if (code === 'ValidationException') {
      throw new UnknownLedger(`'${ledger}' at ${nameOf(target)} is no ledger of Waybill`, { cause: error });
    }
    throw new UnknownLedger(`The ledger '${ledger}' at ${nameOf(target)} cannot be read: ${said(error)}`, {
      cause: error,
    });
  }
}

/** Warnings of the run time go where progress goes, so that the result stays alone on stdout. */
function logOf({ err }: CommandContext): Environment['log'] {
  const write = (level: string) => (message: string, fields: object) => {
    err.write(`${jsonLine({ level, message, ...fields })}\n`);
  };
  return { info: () => undefined, warn: write('warn'), error: write('error') };
}

function nameOf({ endpoint }: Target): string {
  return endpoint ?? 'AWS';
}
