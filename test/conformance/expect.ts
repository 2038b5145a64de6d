import assert from 'node:assert/strict';

/** Asserts that a request is refused by an error of one of these names. Answers with the error. */
export async function refused(
  request: Promise<unknown>,
  ...names: readonly string[]
): Promise<Error & Record<string, unknown>> {
  const error = await request.then(
    () => assert.fail(`it was accepted, where AWS refuses it by ${names.join(' or ')}`),
    (thrown: Error & Record<string, unknown>) => thrown,
  );
  if (error instanceof assert.AssertionError) throw error;
  if (error.code === 'unsupported-by-engine') throw error;
  // SQS has kept the names of its older protocol: `AWS.SimpleQueueService.EmptyBatchRequest`.
  const name = error.name.replace(/^.*\./, '');
  assert.ok(
    names.includes(name),
    `it was refused by ${error.name} (${error.message}), where AWS says ${names.join(' or ')}`,
  );
  return error;
}

/** Asserts that two values are deeply equal. Of objects with a `$metadata`, give what matters. */
export function same(actual: unknown, expected: unknown, what: string): void {
  try {
    assert.deepEqual(actual, expected);
  } catch {
    assert.fail(`${what}: it gave ${inspectShort(actual)}, where AWS gives ${inspectShort(expected)}`);
  }
}

/** Asserts a fact. */
export function holds(fact: unknown, otherwise: string): asserts fact {
  assert.ok(fact, otherwise);
}

function inspectShort(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
