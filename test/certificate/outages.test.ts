import { expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { outages } from '../../scripts/certify/outages.ts';

test('services that fail, pauses, deploys and redrives lose nothing and double nothing, through plans for each', {
  timeout: 300_000,
}, async () => {
  const certificate = await certify({ ...outages, plans: 60, seed: 7, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 60, lost: 0, doubled: 0, uncaused: 0, chargedTwice: 0 });
  expect(Object.keys(certificate.operations)).toEqual(
    expect.arrayContaining([
      'paused-by-command',
      'redriven',
      'redriven-while-stopped',
      'sent-again',
      'service-fails',
      'sources-switched-on',
    ]),
  );
  const marks = ['circuit.opened', 'controller.probe-failed', 'controller.probe-good', 'controller.closed'];
  expect(
    certificate.unreached.filter((name) => [...marks, 'redrive.stopped', 'redrive-handled'].includes(name)),
  ).toEqual([]);
});

test('breakers are certified where handlers ask services, and subscribers have them', async () => {
  await expect(certify({ ...outages, services: [], plans: 1 })).rejects.toThrow(/no `services`/);
  await expect(certify({ ...outages, breakers: { nobody: {} }, plans: 1 })).rejects.toThrow(/'nobody'/);
});
