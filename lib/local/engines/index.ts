export { DYNAMODB_LOCAL } from './dynamodb-local.ts';
export { ELASTICMQ } from './elasticmq.ts';
export { ENGINES, engineNamed } from './engines.ts';
export type { IndependentEngine, RunningEngine } from './independent-engine.ts';
export { KINESIS_LOCAL } from './kinesis-local.ts';
export { LOCALSTACK } from './localstack.ts';
export { fetchIndependentEngine, type StartOptions, startIndependentEngine } from './start.ts';
