import type { Ledger } from '../ledger/ledger.ts';
import { deadGroups } from '../redrive/causes.ts';

/**
 * The one cause at a subscriber that begins with these digits.
 *
 * @param refused the error that says that there is none, or which there are
 */
export async function wholeCause(
  ledger: Ledger,
  subscriber: string,
  digits: string,
  refused: (why: string) => Error,
): Promise<string> {
  const groups = (await deadGroups(ledger, subscriber)).filter(({ cause }) => cause.startsWith(digits));
  const [group, ...others] = groups;
  if (group && others.length === 0) return group.cause;
  const found = groups.map(({ cause }) => cause).join(', ');
  throw refused(
    group
      ? `Several causes at '${subscriber}' begin with ${digits}: ${found}. Give more digits`
      : `Nothing at '${subscriber}' is dead of a cause ${digits}: \`waybill dead ${subscriber}\` lists what is`,
  );
}
