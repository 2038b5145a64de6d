import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROMISES } from '../../lib/simulator/checks/violation.ts';
import { FaultRange } from '../../lib/simulator/faults/fault-range.ts';
import { TRAITS } from '../../lib/simulator/faults/traits.ts';
import { operationsOf } from '../../lib/simulator/operations/operation-range.ts';
import { sendingModesOf } from '../../lib/simulator/system.ts';
import { commerce } from '../../scripts/certify/commerce.ts';
import { forged } from '../../scripts/certify/forged.ts';
import { growth } from '../../scripts/certify/growth.ts';
import { outages } from '../../scripts/certify/outages.ts';
import { trips } from '../../scripts/certify/trips.ts';
import { tableRows } from '../../scripts/docs/table-rows.ts';

const page = readFileSync(new URL('../../docs/certificate.md', import.meta.url), 'utf8');

test('the page on the certificate explains every kind of fault, operation and trait, and no other', () => {
  const modes = sendingModesOf(commerce);
  const { faults } = new FaultRange({
    queues: ['one'],
    streams: { stream: ['two'] },
    deployed: ['one'],
    effects: ['one'],
    modes,
  });
  const operations = [commerce, outages, growth, trips, forged].flatMap(operationsOf).map(({ kind }) => kind);
  const kinds = new Set([
    ...[...faults.values()].flat().map(({ kind }) => kind),
    ...operations,
    ...Object.values(TRAITS),
  ]);
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const explained = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([\w-]+)`/g)].map(([, kind]) => kind),
  );

  expect(explained.sort()).toEqual([...kinds].sort());
});

test('it explains every letter of a promise, in the words of a certificate that is refused', () => {
  const [, judged = ''] = page.split('\n## Who judges\n');
  const rows = tableRows(judged.split('\n## ')[0] ?? '').filter(([letter]) => letter !== '');

  expect(Object.fromEntries(rows.map(([letter = '', promise = '']) => [letter, promise]))).toEqual(PROMISES);
  expect(rows.filter(([, , what = '']) => what.length < 20)).toEqual([]);
});
