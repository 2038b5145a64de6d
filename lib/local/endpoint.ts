export const REGION = 'us-east-1';

/** Engines know no secrets; these two only have to be the same on both sides. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' } as const;

/** The region and the credentials of an engine, as variables of an environment. */
export const IDENTITY = { ...CREDENTIALS, AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION } as const;

/** The variables by which AWS SDKs and the CDK CLI use an engine without secrets. */
export function endpointEnvironment(endpoint: string) {
  return { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: endpoint, ...IDENTITY, CDK_DISABLE_CLI_TELEMETRY: '1' };
}

/**
 * Says of `AWS_ENDPOINT_URL` that it came from `waybill up`: a shell keeps it after that engine has ended, and means no
 * engine by it then.
 */
export const UP_ENDPOINT = 'WAYBILL_UP_ENDPOINT';

/** The variables of an engine that is shared by shells. */
export function sharedEnvironment(endpoint: string) {
  return { ...endpointEnvironment(endpoint), [UP_ENDPOINT]: endpoint };
}
