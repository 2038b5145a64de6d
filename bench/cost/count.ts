import { publish, transact } from '../../lib/publish/publish.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import type { CountedDeployment } from './deployment.ts';
import { CONSUMER_BATCH, type Consumption, gigabyteSeconds, RELAY_BATCH } from './dollars.ts';
import { Orders, Placed, type Scenario } from './scenario.ts';

/** What was counted of a message. */
export interface Counted extends Consumption {
  /** AWS calls of the producer's code and the functions'. */
  readonly calls: number;
}

/** When it is first due, when its minute is full, and a day later. */
const PASSES = 3;

/** Sends messages through a whole deployment, so many rounds of a relay's batch, and counts what each takes. */
export async function count(
  deployment: CountedDeployment,
  { subscribers, writes }: Scenario,
  rounds: number,
): Promise<Counted> {
  const { producer: environment } = deployment;
  const start = deployment.now();
  let before = deployment.meter();
  // The first round is not counted: what a process asks once does not count a message.
  for (let round = -1; round < rounds; round++) {
    if (round === 0) before = deployment.meter();
    for (let index = 0; index < RELAY_BATCH; index++) {
      const order = { orderId: `order-${round}-${index}`, sku: 'album-1', quantity: 1 };
      if (!writes) await publish(Placed, order, { environment });
      else {
        await transact(
          (tx) => {
            tx.put(Orders, order, { when: 'absent' });
            tx.publish(Placed, order);
          },
          { environment },
        );
      }
    }
    await deployment.settle();
  }
  const after = deployment.meter();
  const committed = (rounds + 1) * RELAY_BATCH;
  const effects = await deployment.effects();
  if (effects !== subscribers * committed)
    throw new Error(`${effects} of ${subscribers * committed} messages were handled`);

  const ofMessage = (of: keyof typeof after) => (after[of] - before[of]) / (rounds * RELAY_BATCH);
  const relays = 1 / RELAY_BATCH;
  const consumers = subscribers / CONSUMER_BATCH;
  return {
    writeUnits: ofMessage('writeUnits'),
    readUnits: ofMessage('readUnits') + PASSES * (await readUnitsOfAPass(deployment, start, committed)),
    calls: ofMessage('calls'),
    // Lambda's pollers receive and delete each batch.
    sqsRequests: ofMessage('sqsBatches') + 2 * consumers,
    invocations: relays + consumers,
    gigabyteSeconds: gigabyteSeconds(relays, consumers),
  };
}

/** Of reconciliation, for a message. */
async function readUnitsOfAPass(deployment: CountedDeployment, from: number, committed: number): Promise<number> {
  const { observer, ledger } = deployment;
  const options = { ledger, shards: 1, from, to: Math.max(deployment.now(), from + 59_999) };
  const { lines } = await reconcile(observer, options);
  if (lines.orders?.handled !== committed)
    throw new Error(`Of ${committed} messages, ${lines.orders?.handled} are handled`);
  const before = observer.usage.readUnits;
  await reconcile(observer, options);
  return (observer.usage.readUnits - before) / committed;
}
