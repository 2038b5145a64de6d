import { Construct } from 'constructs';
import { Scaler } from '../framework/scaler.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';

/** What a LedgerWatcher takes. */
export interface LedgerWatcherProps {
  readonly ledger: ILedger;
}

/**
 * Looks every 5 seconds at the queues of a ledger's subscribers in this app, and tells within 15 seconds of one from which
 * nobody takes anything: its event source is gone or switched off, or its function is throttled. It tells as soon of one whose
 * messages are being handled and end no more, since its handlers hang. Subscribers that
 * scale are read as often, so that they are scaled within 10 seconds. Of subscribers of
 * streams the ledger tells as much: what was committed, and what has ended. A function of 128 MB runs all the time for it.
 *
 * @example
 * new LedgerWatcher(this, 'Watcher', { ledger });
 */
export class LedgerWatcher extends Construct {
  constructor(scope: Construct, id: string, { ledger }: LedgerWatcherProps) {
    super(scope, id);
    const graph = deploymentGraphOf(this);
    const scaler = Scaler.of(ledger);
    graph.addWatched(ledger);
    graph.eachSubscriber(({ channel, definition, queue, handler }) => {
      if (channel.ledger === ledger) scaler.watch(definition.name, queue, handler.timeout);
    });
  }
}
