import { errorCode } from '../aws/errors.ts';
import { BINDINGS } from '../contract/bindings.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Route } from '../ledger/rows/route.ts';
import type { Case } from './cases.ts';
import { forward, sendAgain } from './resend.ts';

/** What a run of healing sends. Where sending fails, the next run tries again, until there are no tries left. */
export class Outgoing {
  readonly resent: Case[] = [];
  readonly forwarded: Case[] = [];
  readonly #ledger: Ledger;
  /** A message has a case for each subscriber, and is forwarded once. */
  readonly #forwarding = new Map<string, Promise<void>>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get canForward(): boolean {
    return Boolean(this.#ledger.environment.variables[BINDINGS.forwardQueueUrl]);
  }

  async forward(missing: Case): Promise<void> {
    const { id } = missing;
    const known = this.#forwarding.get(id);
    const forwarding = known ?? forward(this.#ledger, id);
    this.#forwarding.set(id, forwarding);
    const sent = await this.#try(missing, () => forwarding);
    if (sent && !known) this.forwarded.push(missing);
  }

  async resend(missing: Case, route: Route): Promise<void> {
    if (await this.#try(missing, () => sendAgain(this.#ledger, missing.id, route))) this.resent.push(missing);
  }

  async #try({ id, subscriber }: Case, send: () => Promise<void>): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (error) {
      this.#ledger.environment.log.warn('not healed', { messageId: id, subscriber, error: errorCode(error) });
      return false;
    }
  }
}
