import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CdkRun, findCdk, runCdk } from './cdk.ts';
import { query } from './engine-query.ts';
import { defaultStateFolder } from './folders.ts';
import { withLock } from './lock.ts';

const dummyAccount = '000000000000';
/** The CLI's name for its bootstrap stack. */
const TOOLKIT = 'CDKToolkit';
const PATIENCE_MS = 60_000;
const PAUSE_MS = 100;

/**
 * Bootstraps an engine for the CDK, once. The real AWS is left alone: there it creates roles with wide permissions, which
 * is for its owner to decide, and the CDK CLI says so when it is missing.
 */
export async function bootstrap(run: CdkRun): Promise<void> {
  const { endpoint, region } = run.target;
  if (endpoint === undefined) return;
  const { host } = new URL(endpoint);
  const stateFolder = defaultStateFolder();
  // Two deploys at once would update the same stack.
  await withLock(join(stateFolder, `bootstrap-${host.replaceAll(/[^\w.-]/g, '-')}.lock`), async () => {
    const environment = `aws://${(await accountAt(endpoint, region)) ?? dummyAccount}/${region}`;
    if (await isBootstrapped(endpoint, region)) return;
    if (await createToolkit(run.cwd, endpoint, region)) return;
    // In a folder without cdk.json, since the CLI would run the app to look for environments.
    await runCdk({ ...run, workFolder: stateFolder }, 'bootstrap', environment);
  });
}

/**
 * Creates the CLI's own bootstrap stack without the CLI, which takes a second of CPU time to start. The first answer tells
 * whether it will do: an engine that checks signatures refuses it.
 */
async function createToolkit(cwd: string, endpoint: string, region: string): Promise<boolean> {
  const template = join(dirname(findCdk(cwd)), '..', 'lib', 'api', 'bootstrap', 'bootstrap-template.yaml');
  if (!existsSync(template)) return false;
  const parameters = Object.entries({
    CloudFormationExecutionPolicies: 'arn:aws:iam::aws:policy/AdministratorAccess',
    FileAssetsBucketKmsKeyId: 'AWS_MANAGED_KEY',
  }).flatMap(([name, value], index) => {
    const member = `Parameters.member.${index + 1}`;
    return [
      [`${member}.ParameterKey`, name],
      [`${member}.ParameterValue`, value],
    ];
  });
  const created = await query({ endpoint, region }, 'cloudformation', {
    ...{ Action: 'CreateStack', Version: '2010-05-15', StackName: TOOLKIT },
    ...{ 'Capabilities.member.1': 'CAPABILITY_NAMED_IAM', TemplateBody: readFileSync(template, 'utf8') },
    ...Object.fromEntries(parameters),
  });
  if (created === '') return false;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(PAUSE_MS)) {
    const status = await toolkitStatus(endpoint, region);
    if (status !== 'CREATE_IN_PROGRESS') return status === 'CREATE_COMPLETE';
  }
  return false;
}

async function isBootstrapped(endpoint: string, region: string): Promise<boolean> {
  return /^(CREATE|UPDATE)_COMPLETE$/.test(await toolkitStatus(endpoint, region));
}

/** Empty where there is no such stack. */
async function toolkitStatus(endpoint: string, region: string): Promise<string> {
  const answer = await query({ endpoint, region }, 'cloudformation', {
    ...{ Action: 'DescribeStacks', Version: '2010-05-15', StackName: TOOLKIT },
  });
  return /<StackStatus>(\w+)</.exec(answer)?.[1] ?? '';
}

async function accountAt(endpoint: string, region: string): Promise<string | undefined> {
  const answer = await query({ endpoint, region }, 'sts', { Action: 'GetCallerIdentity', Version: '2011-06-15' });
  return /<Account>(\d{12})</.exec(answer)?.[1];
}
