import { expect, test } from 'vitest';
import { inParallel } from '../../lib/aws/in-parallel.ts';

/** Sources of which each yields its name so many times, and says when it begins and ends. */
function sources(times: number) {
  const log: string[] = [];
  async function* run(name: string): AsyncGenerator<string> {
    log.push(`begin ${name}`);
    try {
      for (let index = 0; index < times; index++) {
        await undefined;
        if (name === 'broken') throw new Error('broken');
        yield name;
      }
    } finally {
      log.push(`end ${name}`);
    }
  }
  return { log, run };
}

test('all results of all items come, with at most so many items under way', async () => {
  const { log, run } = sources(3);
  const found: string[] = [];
  for await (const name of inParallel(2, ['a', 'b', 'c'], run)) found.push(name);
  expect(found.sort()).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']);
  expect(log.slice(0, 3)).toEqual(['begin a', 'begin b', expect.stringMatching(/^end/)]);
});

test('an error is thrown once what was under way has come to rest, and nothing is started after it', async () => {
  const { log, run } = sources(2);
  const read = async () => {
    for await (const _ of inParallel(2, ['broken', 'a', 'b'], run));
  };
  await expect(read()).rejects.toThrow('broken');
  expect(log).toEqual(['begin broken', 'begin a', 'end broken', 'end a']);
});

test('a reader that stops ends what is under way', async () => {
  const { log, run } = sources(2);
  for await (const _ of inParallel(2, ['a', 'b', 'c'], run)) break;
  expect(log.sort()).toEqual(['begin a', 'begin b', 'end a', 'end b']);
});

test('no items give no results', async () => {
  for await (const _ of inParallel(2, [], sources(1).run)) expect.unreachable();
});
