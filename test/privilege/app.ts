import { App, Aspects, CliCredentialsStackSynthesizer, Duration, Stack } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { type CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { STACK_NAME } from '../../demo/deployment.ts';
import { Commerce } from '../../examples/commerce/stack.ts';

/** The example shop, of which each function tells its own name with every call of its. */
const app = new App();
const synthesizer = new CliCredentialsStackSynthesizer();
const shop = new Commerce(app, STACK_NAME, { disposable: true, deadline: Duration.seconds(5), synthesizer });

Aspects.of(shop).add({
  visit: (construct) => {
    // The engine knows no row's key, and runs the registrar while it deploys. The shop's other roles are changed afterwards.
    if (construct instanceof CfnPolicy && construct.node.path.includes('RegisterRoutes')) {
      construct.policyDocument = withoutNull(shop.resolve(construct.policyDocument));
    }
    if (!(construct instanceof LambdaFunction)) return;
    const logicalId = Stack.of(construct).getLogicalId(construct.node.defaultChild as CfnFunction);
    // It takes 50 characters, and Powertools adds some. The last eight tell the functions apart.
    construct.addEnvironment('AWS_SDK_UA_APP_ID', logicalId.slice(-20));
  },
});

function withoutNull(document: { readonly Statement: readonly { readonly Condition?: object }[] }): object {
  const Statement = document.Statement.map(({ Condition, ...statement }) => {
    const { Null: _, ...conditions } = (Condition ?? {}) as { readonly Null?: object };
    return { ...statement, ...(Condition && { Condition: conditions }) };
  });
  return { ...document, Statement };
}
