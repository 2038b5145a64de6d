import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * Allows a role something on resources that cannot be named one by one. The policy stands alone because cdk-nag finds
 * the wildcard in it, which is acknowledged here with its reason.
 */
export class WildcardPolicy extends iam.Policy {
  constructor(scope: Construct, id: string, role: iam.IRole, statements: iam.PolicyStatement[], reason: string) {
    super(scope, id, { roles: [role], statements });
    this.node.addValidation({
      // A reference to another stack gets its final form just before validation, and nag's ids spell it.
      validate: () => {
        const wildcards = statements.flatMap((statement) => statement.resources).filter((arn) => arn.includes('*'));
        for (const arn of wildcards) {
          const finding = `Resource::${flatten(Stack.of(this).resolve(arn))}`;
          Validations.of(this).acknowledge({ id: `AwsSolutions-IAM5[${finding}]`, reason });
        }
        return [];
      },
    });
  }
}

/** Spells a resolved reference as cdk-nag does in the ids of its findings. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const intrinsic = value as Record<string, never>;
  if ('Fn::Join' in intrinsic) {
    const [delimiter, items] = intrinsic['Fn::Join'] as [string, unknown[]];
    return items.map(flatten).join(delimiter);
  }
  if ('Fn::GetAtt' in intrinsic) return `<${(intrinsic['Fn::GetAtt'] as string[]).join('.')}>`;
  if ('Fn::ImportValue' in intrinsic) return flatten(intrinsic['Fn::ImportValue']);
  if ('Ref' in intrinsic) return `<${intrinsic.Ref}>`;
  return JSON.stringify(value);
}
