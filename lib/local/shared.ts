import { sharedEnvironment } from './endpoint.ts';
import { type Engine, type EngineOptions, engineOf } from './engine.ts';
import { DYNAMODB_LOCAL } from './engines/dynamodb-local.ts';
import { LOCALSTACK } from './engines/localstack.ts';
import { ministack } from './engines/ministack.ts';
import { SharedServer } from './shared-server.ts';
import { type SharedState, serversOf } from './state-file.ts';

/** The embedded engine of this repository or user: the one that `waybill up` or `npm start` started. */
export const sharedEngine = new SharedServer<Engine, EngineOptions>({
  name: 'engine',
  phrase: 'the embedded engine',
  programs: (options) => [ministack(options)],
  serverOf: engineOf,
});

/** LocalStack with DynamoDB Local beside it, as several processes share them. */
export interface SharedLocalStack extends SharedState {
  readonly dynamodbEndpoint: string;
  /** The versions of both, in words. */
  readonly version: string;
  readonly logFiles: readonly string[];
  /** Whether this process started it. */
  readonly owned: boolean;
  /** The variables by which AWS SDKs use both. */
  readonly env: Readonly<Record<string, string>>;
}

export const sharedLocalStack = new SharedServer<SharedLocalStack>({
  name: 'localstack',
  phrase: 'LocalStack',
  programs: () => [LOCALSTACK, DYNAMODB_LOCAL],
  serverOf(state, owned) {
    const dynamodbEndpoint = state.beside?.[0]?.endpoint ?? state.endpoint;
    const env = {
      ...sharedEnvironment(state.endpoint),
      AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: dynamodbEndpoint,
    };
    const version = `LocalStack ${LOCALSTACK.version}, DynamoDB Local ${DYNAMODB_LOCAL.version}`;
    return {
      ...state,
      dynamodbEndpoint,
      version,
      logFiles: serversOf(state).map(({ logFile }) => logFile),
      owned,
      env,
    };
  },
});
