import { consumerBugs } from './consumer-bugs.ts';
import { effectBugs } from './effect-bugs.ts';
import { expiryBugs } from './expiry-bugs.ts';
import { formatBugs } from './format-bugs.ts';
import { growthBugs } from './growth-bugs.ts';
import { healingBugs } from './healing-bugs.ts';
import { inboxBugs } from './inbox-bugs.ts';
import { operationBugs } from './operation-bugs.ts';
import { orderBugs } from './order-bugs.ts';
import { outageBugs } from './outage-bugs.ts';
import { reconcileBugs } from './reconcile-bugs.ts';
import { relayBugs } from './relay-bugs.ts';
import { sendingBugs } from './sending-bugs.ts';
import { signingBugs } from './signing-bugs.ts';
import { transactionBugs } from './transaction-bugs.ts';

export type { Bug } from './bug.ts';

export const bugs = [
  ...inboxBugs,
  ...consumerBugs,
  ...relayBugs,
  ...transactionBugs,
  ...reconcileBugs,
  ...healingBugs,
  ...sendingBugs,
  ...effectBugs,
  ...formatBugs,
  ...operationBugs,
  ...outageBugs,
  ...growthBugs,
  ...orderBugs,
  ...signingBugs,
  ...expiryBugs,
];
