import { expect, test } from 'vitest';
import { files, sectionOf, textOf } from './paper.ts';

const sources = files.filter((file) => /^lib\/.*\.ts$/.test(file)).map(textOf);

test.for<[heading: string, union: RegExp]>([
  ['## A message at a subscriber', /type EndState = ([^;]+);/],
  ['## A message that its producer sends itself', /interface OutboxMarks [\s\S]*?readonly sending\?: ([^;]+);/],
  ['## A half message', /interface HalfRow [\s\S]*?readonly state: ([^;]+);/],
  ['## An effect outside', /interface EffectState [\s\S]*?readonly state: ([^;]+);/],
  ['## A case', /interface Case [\s\S]*?readonly state: ([^;]+);/],
])('docs/states.md: %s has the states of its row', ([heading, union]) => {
  const [declared, ...others] = sources.flatMap((source) => union.exec(source)?.[1] ?? []);

  expect(others).toEqual([]);
  expect([...drawnStates(heading)].sort()).toEqual([...statesIn(declared ?? '')].sort());
});

/** The states at either end of an arrow. */
function drawnStates(heading: string): Set<string> {
  const arrows = [...sectionOf('docs/states.md', heading).matchAll(/^\s*(\S+) --> ([^\s:]+)/gm)];
  return new Set(arrows.flatMap(([, from = '', to = '']) => [from, to]).filter((state) => state !== '[*]'));
}

function statesIn(union: string): Set<string> {
  return new Set([...union.matchAll(/'(\w+)'/g)].map(([, state = '']) => state));
}
