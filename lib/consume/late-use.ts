import { noteLateUse } from '../ledger/inbox.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { Invocation } from './invocation.ts';

// A transaction that is used once its handler has returned has no effect: what it was meant to write is lost, though the
// message is handled. So its inbox row says so, and trace with it.

/** Hears of a late use: the message's row says so when its invocation ends, since until then there may be none. */
export function hearLateUse(invocation: Invocation, id: string): void {
  const { lateUses } = invocation;
  if (lateUses.told) void tell(invocation, id);
  else lateUses.ids.add(id);
}

/** Says of each message whose handler has been late that it was. Costs nothing where none has. */
export async function tellLateUses(invocation: Invocation): Promise<void> {
  const { lateUses } = invocation;
  lateUses.told = true;
  await Promise.all([...lateUses.ids].map((id) => tell(invocation, id)));
}

/** Never throws: the late use was logged and counted. */
async function tell({ environment, bindings, subscriber }: Invocation, id: string): Promise<void> {
  await noteLateUse(ledgerOf(environment, bindings), subscriber.name, id).catch(() => undefined);
}
