import { setTimeout as sleep } from 'node:timers/promises';
import { GetFunctionConfigurationCommand, LambdaClient, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { DeployFailed } from '../errors.ts';
import type { Target } from '../target.ts';
import { zipOf } from './zip.ts';

const PAUSE_MS = 20;
const PATIENCE_MS = 20_000;

/** Gives functions of an engine other code, past CloudFormation. */
export class CodeExchange {
  readonly #lambda: LambdaClient;

  constructor({ endpoint, region }: Pick<Target, 'endpoint' | 'region'>) {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    this.#lambda = new LambdaClient({ endpoint, region, credentials });
  }

  /**
   * Exchanges the code of a function: the next invocation runs it.
   * @throws DeployFailed when the function does not come to run it
   */
  async exchange(functionName: string, file: string, code: Uint8Array): Promise<void> {
    const ZipFile = zipOf({ [file]: code });
    await this.#lambda.send(new UpdateFunctionCodeCommand({ FunctionName: functionName, ZipFile }));
    const end = performance.now() + PATIENCE_MS;
    for (; performance.now() < end; await sleep(PAUSE_MS)) {
      const { LastUpdateStatus, LastUpdateStatusReason } = await this.#lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName: functionName }),
      );
      if (LastUpdateStatus === 'Successful') return;
      if (LastUpdateStatus === 'Failed') throw new DeployFailed(`${functionName}: ${LastUpdateStatusReason}`);
    }
    throw new DeployFailed(`${functionName} has not taken its new code within ${PATIENCE_MS / 1_000} s`);
  }

  close(): void {
    this.#lambda.destroy();
  }
}
