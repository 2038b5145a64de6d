import { LambdaClient } from '@aws-sdk/client-lambda';
import { createEnvironment } from 'waybill/runtime';
import { eventSourcesOf } from '../lib/inspect/list-event-sources.ts';
import { reconcile } from '../lib/reconcile/reconcile.ts';
import type { Reconciliation } from '../lib/reconcile/tally.ts';
import type { FinishedRun } from './run.ts';
import type { Deployment, Shop } from './shop.ts';

/** Clocks of one machine: a message's id is not ahead of them by more. */
const AHEAD = 1_000;

/** Reconciles the messages that were committed since a run began. */
export function reconcileRun({ variables, ledger, shards }: Deployment, started: number): Promise<Reconciliation> {
  const environment = createEnvironment(variables);
  return reconcile(environment, {
    ...{ ledger, shards, from: started, to: environment.now() + AHEAD },
    listEventSources: eventSourcesOf(new LambdaClient()),
  });
}

export interface WhereToLook {
  readonly shop: Pick<Shop, 'ORDER_TYPE'>;
  readonly broken: ReadonlySet<string>;
  readonly isOver: boolean;
}

/**
 * Says where to look at a run afterwards, line by line.
 *
 * @param broken the messages that were sabotaged: of one of them there is more to see
 * @param isOver whether the engine ends with the demo
 */
export function whereToLook({ evidence }: FinishedRun, { shop, broken, isOver }: WhereToLook): string[] {
  const orders = evidence.committed.filter(({ type }) => type === shop.ORDER_TYPE);
  const order = orders.find(({ id }) => broken.has(id)) ?? orders[0];
  return [
    isOver
      ? 'Where to look while an engine runs (`npm run waybill up` beforehand keeps it after the demo):'
      : 'Where to look:',
    '  npm run waybill radar       the health of each business line, live in a browser',
    '  npm run waybill reconcile   this comparison again',
    ...(order ? [`  npm run waybill trace ${order.id}   an order of this run, hop by hop`] : []),
  ];
}
