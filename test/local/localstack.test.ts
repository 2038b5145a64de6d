import { expect, test } from 'vitest';
import { findLocalStack, shareLocalStack, stopLocalStack } from '../../lib/local/index.ts';
import { writeLocalStackState } from '../../lib/local/localstack/state.ts';
import { temporaryFolder } from './fake-program.ts';

test('a LocalStack of which only the file is left is none', async () => {
  const folder = temporaryFolder();
  // This process's own number: a process that lives, but keeps no LocalStack.
  const state = {
    pid: process.pid,
    endpoint: 'http://127.0.0.1:1',
    dynamodbEndpoint: 'http://127.0.0.1:1',
    version: 'LocalStack 1, DynamoDB Local 1',
    startedAt: '2026-01-01T00:00:00.000Z',
    logFiles: [],
  };
  writeLocalStackState(folder, state);
  expect(await findLocalStack(folder)).toBeUndefined();
  writeLocalStackState(folder, state);
  expect(await stopLocalStack(folder)).toBeUndefined();
});

test('where Python 3.13 is absent, it is said in one sentence', async () => {
  const folder = temporaryFolder();
  const environment = { PATH: folder, HOME: folder };
  await expect(shareLocalStack({ stateFolder: folder, environment })).rejects.toMatchObject({
    code: 'engine-unavailable',
    message: expect.stringMatching(/^LocalStack needs Python 3\.13[^\n]*$/),
  });
  expect(await findLocalStack(folder)).toBeUndefined();
});
