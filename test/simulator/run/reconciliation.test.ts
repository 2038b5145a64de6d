import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../../lib/aws/attribute.ts';
import { inboxKey } from '../../../lib/ledger/rows/inbox.ts';
import { mintMessageId } from '../../../lib/message/message-id.ts';
import type { Fault } from '../../../lib/simulator/faults/fault.ts';
import type { Site } from '../../../lib/simulator/faults/site.ts';
import type { Plan } from '../../../lib/simulator/plan/plan.ts';
import { LEDGER } from '../../../lib/simulator/run/ledger-row.ts';
import { simulate } from '../../../lib/simulator/run/simulation.ts';
import { commerce } from '../../../scripts/certify/commerce.ts';

const planOf = (...faults: [Site, Fault][]): Plan => ({
  seed: 3,
  workload: [{ step: 0, at: 0 }],
  faults: faults.map(([site, fault]) => ({ site, nth: 0, fault })),
});

const HOUR = 3_600_000;

describe('in a simulated run, reconciliation sends again', () => {
  test.each<[string, Site, Fault]>([
    ['what a queue has lost', 'take-payment.sent', { kind: 'lost' }],
    ['what somebody has deleted from a queue', 'reserve-stock.sent', { kind: 'purged' }],
    ['what the relay never saw', 'relay.GetRecords', { kind: 'from-latest' }],
    ['what a stream has kept no longer', 'count-sales.GetRecords', { kind: 'retention', for: 25 * HOUR }],
    ['what a stream gave up with its batch', 'count-sales.invoke', { kind: 'crash-loop', times: 30 }],
  ])('%s', async (_, site, fault) => {
    const { violations, outcomes } = await simulate(commerce, planOf([site, fault]));

    expect(violations).toEqual([]);
    expect(outcomes['reconcile.resent']).toBeGreaterThan(0);
    expect(outcomes['reconcile.closed']).toBeGreaterThan(0);
  });

  test('nothing where nothing is lost, however late', async () => {
    const { violations, outcomes } = await simulate(
      commerce,
      planOf(['take-payment.ReceiveMessage', { kind: 'disabled', for: 180_000 }]),
    );

    expect(violations).toEqual([]);
    expect(outcomes['reconcile.resent']).toBeUndefined();
  });

  test('no more at once than its budget', async () => {
    const plan = planOf(
      ['producer.ask', { kind: 'burst', times: 10 }],
      ['take-payment.sent', { kind: 'lost', for: 30_000 }],
    );
    const again = { site: 'producer.ask', nth: 1, fault: { kind: 'burst', times: 10 } } as const;
    const { violations, outcomes } = await simulate(commerce, {
      ...plan,
      workload: [
        { step: 0, at: 0 },
        { step: 1, at: 100 },
      ],
      faults: [...plan.faults, again],
    });

    expect(violations).toEqual([]);
    expect(outcomes['reconcile.deferred']).toBeGreaterThan(0);
  });
});

test('a subscriber whose code is old is given what newer producers send until it is deployed', async () => {
  const { violations, faults } = await simulate(commerce, {
    ...planOf(['keep-profile.invoke', { kind: 'old-version', for: 40 * 60_000 }]),
    workload: [{ step: 7, at: 0 }],
  });

  expect(violations).toEqual([]);
  expect(faults['newer-version']).toBeGreaterThan(3);
});

test('an end of a message that nobody committed is counted as uncaused, by the record', async () => {
  const { violations, uncaused } = await simulate(
    {
      ...commerce,
      workload: [
        async ({ environment }) => {
          const id = mintMessageId({ now: environment.now(), random: environment.random(16), shards: 2, key: 'k' });
          const hops = { committed: environment.now(), received: environment.now(), ended: environment.now() };
          const row = { ...inboxKey('take-payment', id), state: 'handled', hops };
          await environment.dynamodb.send(new PutItemCommand({ TableName: LEDGER, Item: toItem(row) }));
        },
      ],
    },
    planOf(),
  );

  expect(uncaused).toBe(1);
  expect(violations.map(({ invariant }) => invariant)).toContain('C');
});
