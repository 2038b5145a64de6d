import type { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { Execution, type ExecutionProps } from './execution.ts';
import { functionAsset } from './function-assets.ts';

export interface FrameworkFunctionProps extends ExecutionProps {
  /** The prebuilt bundle, e.g. `relay`. */
  readonly asset: string;
  readonly description: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeout: Duration;
  /** MiB. */
  readonly memorySize: number;
  /** @default CloudFormation chooses it */
  readonly functionName?: string;
  /** @default none are reserved */
  readonly reservedConcurrentExecutions?: number;
}

/** A function of Waybill's own. Its code ships prebuilt, with the AWS SDK that it was tested with. */
export class FrameworkFunction extends Execution {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: FrameworkFunctionProps) {
    super(scope, id, props);
    this.function = new lambda.Function(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      code: lambda.Code.fromAsset(functionAsset(props.asset)),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: props.memorySize,
      timeout: props.timeout,
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      environment: { ...props.environment },
      environmentEncryption: props.encryptionKey,
      role: this.role,
      logGroup: this.logGroup,
    });
  }
}
