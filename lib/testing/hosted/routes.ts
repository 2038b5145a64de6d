import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { ENVIRONMENT, type Environment } from '../../aws/environment.ts';
import { createRegistrar } from '../../relay/registrar.ts';
import { RoutesNotRegistered } from './errors.ts';
import type { Place } from './template.ts';

/** How long a registration may take: as long as the registrar's own function may. */
const TIMEOUT_MS = 60_000;

/**
 * Carries out a `Custom::WaybillRoute` or `Custom::WaybillFormat`, by the code that does so in a deploy.
 *
 * @throws RoutesNotRegistered when the registrar fails, with what CloudFormation would be told
 */
export async function register(
  { stack, logicalId }: Place,
  ResourceType: string,
  ResourceProperties: Readonly<Record<string, unknown>>,
  environment: Environment,
): Promise<void> {
  let refusal: string | undefined;
  const registrar = createRegistrar(async (_url, { Status, Reason }) => {
    if (Status === 'FAILED') refusal = Reason ?? 'no reason was given';
  });
  const ServiceToken = String(ResourceProperties.ServiceToken);
  const event: CloudFormationCustomResourceEvent = {
    RequestType: 'Create',
    RequestId: `${stack}-${logicalId}`,
    StackId: stack,
    LogicalResourceId: logicalId,
    ResourceType,
    ResponseURL: '',
    ServiceToken,
    ResourceProperties: { ...ResourceProperties, ServiceToken },
  };
  const context = { [ENVIRONMENT]: environment, getRemainingTimeInMillis: () => TIMEOUT_MS };
  await registrar(event, context);
  if (refusal !== undefined) throw new RoutesNotRegistered(`${logicalId} of ${stack}: ${refusal}`);
}
