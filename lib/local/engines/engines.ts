import { UnknownEngine } from '../errors.ts';
import { DYNAMODB_LOCAL } from './dynamodb-local.ts';
import { ELASTICMQ } from './elasticmq.ts';
import type { IndependentEngine } from './independent-engine.ts';
import { KINESIS_LOCAL } from './kinesis-local.ts';
import { LOCALSTACK } from './localstack.ts';

/** All engines that others have made and that run here without Docker, but for the embedded one. */
export const ENGINES: readonly IndependentEngine[] = [DYNAMODB_LOCAL, ELASTICMQ, KINESIS_LOCAL, LOCALSTACK];

/** @throws {UnknownEngine} */
export function engineNamed(name: string): IndependentEngine {
  const engine = ENGINES.find((one) => one.name === name);
  if (engine) return engine;
  const names = ENGINES.map((one) => one.name).join(', ');
  throw new UnknownEngine(`There is no engine named "${name}": give one of ${names}.`);
}
