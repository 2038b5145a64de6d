import { join } from 'node:path';
import { type CdkRun, runCdk } from './cdk.ts';
import { defaultStateFolder } from './folders.ts';
import { withLock } from './lock.ts';

const dummyAccount = '000000000000';

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
    // In a folder without cdk.json, since the CLI would run the app to look for environments.
    await runCdk({ ...run, workFolder: stateFolder }, 'bootstrap', environment);
  });
}

async function isBootstrapped(endpoint: string, region: string): Promise<boolean> {
  const answer = await query(endpoint, region, 'cloudformation', {
    Action: 'DescribeStacks',
    Version: '2010-05-15',
    StackName: 'CDKToolkit',
  });
  return /<StackStatus>(CREATE|UPDATE)_COMPLETE</.test(answer);
}

async function accountAt(endpoint: string, region: string): Promise<string | undefined> {
  const answer = await query(endpoint, region, 'sts', { Action: 'GetCallerIdentity', Version: '2011-06-15' });
  return /<Account>(\d{12})</.exec(answer)?.[1];
}

/** One call of AWS's query protocol, not signed: engines that check signatures refuse it, which is as good as a no. */
async function query(endpoint: string, region: string, service: string, body: Record<string, string>): Promise<string> {
  const scope = `${process.env.AWS_ACCESS_KEY_ID ?? 'test'}/20260101/${region}/${service}/aws4_request`;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    body: new URLSearchParams(body),
  });
  return response.ok ? response.text() : '';
}
