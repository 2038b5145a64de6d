import { expect, test } from 'vitest';
import { openable } from '../../lib/local/function-urls.ts';

const outputs = {
  Shop: { Url: 'https://abc123.lambda-url.us-east-1.on.aws/', Path: 'https://abc123.lambda-url.us-east-1.on.aws/a/b' },
  Other: { Queue: 'http://127.0.0.1:4566/000000000000/orders', Text: 'see https://a.lambda-url.us-east-1.on.aws/' },
};

test('function URLs of an engine are addresses of the engine, and nothing else changes', () => {
  expect(openable(outputs, { endpoint: 'http://127.0.0.1:4566' })).toEqual({
    Shop: {
      Url: 'http://127.0.0.1:4566/_aws/lambda-url/abc123/',
      Path: 'http://127.0.0.1:4566/_aws/lambda-url/abc123/a/b',
    },
    Other: outputs.Other,
  });
  expect(openable(outputs, { endpoint: undefined })).toBe(outputs);
});
