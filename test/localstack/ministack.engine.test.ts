import { afterAll, describe } from 'vitest';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { testCorePath } from './core-path.ts';

describe('on MiniStack, with handlers in this process', () => {
  let engine: StartedEngine | undefined;
  afterAll(() => engine?.stop());
  testCorePath(async () => {
    engine = await startEngine();
    const { endpoint, region } = engine;
    return { endpoint, region };
  });
});
