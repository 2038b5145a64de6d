import { elements, type SignedApi } from './signed-api.ts';

/** A role that a stack created, with everything that it may do. */
export interface DeployedRole {
  readonly logicalId: string;
  /** Its name at the engine. */
  readonly name: string;
  readonly policies: readonly RolePolicy[];
  /** What queues allow it by policies of their own. */
  readonly byQueues: Statement[];
}

interface RolePolicy {
  readonly name: string;
  readonly document: { readonly Statement: readonly Statement[] };
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
  readonly Principal?: unknown;
}

/** One thing that a role may do to one resource, which may end with a wildcard. */
export interface Grant {
  readonly action: string;
  readonly resource: string;
  readonly condition?: object;
}

/** The logical and the physical ids of a stack's resources of one type. */
export async function resourcesOf(api: SignedApi, stack: string, type: string): Promise<Map<string, string>> {
  const xml = await api.query('cloudformation', 'DescribeStackResources', { StackName: stack });
  const found = elements(xml, 'member').filter((member) => elements(member, 'ResourceType')[0] === type);
  return new Map(
    found.map((member) => [
      elements(member, 'LogicalResourceId')[0] ?? '',
      unescaped(elements(member, 'PhysicalResourceId')[0] ?? ''),
    ]),
  );
}

/** Whatever roles the stack has. */
export async function deployedRoles(api: SignedApi, stack: string): Promise<DeployedRole[]> {
  const roles = await resourcesOf(api, stack, 'AWS::IAM::Role');
  return Promise.all(
    [...roles].map(async ([logicalId, name]) => ({
      logicalId,
      name,
      policies: await policiesOf(api, name),
      byQueues: [],
    })),
  );
}

export function grantsOf({ policies, byQueues }: DeployedRole): Grant[] {
  return [...policies.flatMap(({ document }) => document.Statement), ...byQueues]
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action, Resource, Condition }) =>
      [Resource]
        .flat()
        .flatMap((resource) =>
          [Action].flat().map((action) => ({ action, resource, ...(Condition && { condition: Condition }) })),
        ),
    );
}

/** Replaces what a role may do. The template stays as it is. */
export async function changeRole(
  api: SignedApi,
  { name, policies }: DeployedRole,
  change: (statement: Statement) => Statement,
): Promise<void> {
  for (const policy of policies) {
    const Statement = policy.document.Statement.map(change);
    await api.query('iam', 'PutRolePolicy', {
      RoleName: name,
      PolicyName: policy.name,
      PolicyDocument: JSON.stringify({ ...policy.document, Statement }),
    });
  }
}

async function policiesOf(api: SignedApi, RoleName: string): Promise<RolePolicy[]> {
  const attached = elements(await api.query('iam', 'ListAttachedRolePolicies', { RoleName }), 'PolicyArn');
  if (attached.length > 0) throw new Error(`${RoleName} may do what managed policies allow: ${attached.join(', ')}`);
  const names = elements(await api.query('iam', 'ListRolePolicies', { RoleName }), 'member');
  return Promise.all(
    names.map(async (name) => {
      const xml = await api.query('iam', 'GetRolePolicy', { RoleName, PolicyName: name });
      const document = JSON.parse(decodeURIComponent(elements(xml, 'PolicyDocument')[0] ?? ''));
      return { name, document };
    }),
  );
}

function unescaped(xml: string): string {
  return xml.replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"');
}
