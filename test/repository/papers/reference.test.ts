import { expect, test } from 'vitest';
import { LIMITS } from '../../../lib/contract/limits.ts';
import { COPY_STATES } from '../../../lib/reconcile/messages.ts';
import { codeIn, files, sectionOf, tableRows, textOf } from './paper.ts';

const sources = files.filter((file) => /^(?:lib|bin|functions)\/.*\.ts$/.test(file)).map(textOf);

test('docs/environment.md has every variable of Waybill, and no other', () => {
  const spelt = sources.flatMap((source) => [...source.matchAll(/['"`.](WAYBILL_[A-Z_]*[A-Z])\b(?!_)/g)]);
  const told = tableRows(textOf('docs/environment.md')).map(([name = '']) => codeIn(name)[0] ?? '');

  // What is named for a table is one row.
  const names = new Set(spelt.map(([, name = '']) => name).filter((name) => !name.startsWith('WAYBILL_TABLE')));
  expect(told.filter((name) => name.startsWith('WAYBILL_') && name !== 'WAYBILL_TABLE_<NAME>').sort()).toEqual(
    [...names].sort(),
  );
});

test('docs/limits.md says the limits that the code checks', () => {
  const told = new Map(tableRows(textOf('docs/limits.md')).map(([what = '', limit = '']) => [what, limit]));
  const numberOf = (what: RegExp) => {
    const [, limit = ''] = [...told].find(([name]) => what.test(name)) ?? [];
    return Number((/\(([\d,]+) bytes\)/.exec(limit)?.[1] ?? /[\d,]+/.exec(limit)?.[0] ?? '').replaceAll(',', ''));
  };

  expect({
    envelopeBytes: numberOf(/envelope/),
    wireBytes: numberOf(/record that is decoded/),
    depth: numberOf(/nested/),
    keyCharacters: numberOf(/business key/),
    idempotencyKeyBytes: numberOf(/idempotency key/),
    transactionActions: numberOf(/writes, messages/),
    delayMilliseconds: numberOf(/its delay/) * 86_400_000,
    // What a queue cannot delay is swept: nobody meets this one.
    queueDelaySeconds: LIMITS.queueDelaySeconds,
  }).toEqual(LIMITS);
});

test('docs/concepts.md draws every state of a message, says what each means, and names every hop', () => {
  const states = sectionOf('docs/concepts.md', '## Every state');
  const drawn = new Set(
    [...states.matchAll(/^ +(\S+) --> ([^\s:]+)/gm)].flatMap(([, from = '', to = '']) => [from, to]),
  );
  drawn.delete('[*]');
  const hops = /type Hop = ([^;]+);/.exec(textOf('lib/inspect/inspection.ts'))?.[1] ?? '';

  expect([...drawn].sort()).toEqual([...COPY_STATES].sort());
  expect(tableRows(states).map(([state = '']) => codeIn(state)[0])).toEqual([...COPY_STATES]);
  expect(tableRows(sectionOf('docs/concepts.md', '## Every hop')).map(([hop = '']) => codeIn(hop)[0])).toEqual(
    [...hops.matchAll(/'(\w+)'/g)].map(([, hop]) => hop),
  );
});

test('docs/start.md and the pages that follow it are in the index, under the heading of their kind', () => {
  const under = (heading: string) =>
    [...sectionOf('docs/README.md', heading).matchAll(/\]\(([^)]+)\)/g)].map(([, page]) => page);

  expect(under('## Start')[0]).toBe('start.md');
  expect(under('## Concepts')).toContain('concepts.md');
  expect(under('## Operate')[0]).toBe('operate.md');
  expect(under('## Reference')).toEqual(
    expect.arrayContaining(['environment.md', 'limits.md', 'cli.md', 'errors.md', 'guarantees.md']),
  );
});
