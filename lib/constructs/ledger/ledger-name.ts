import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { InvalidConstruct } from '../invalid-construct.ts';

/**
 * The physical names that follow from a ledger's name. Roles are unique in an account, buckets in the world: their
 * names say the region, and the account.
 *
 * @throws InvalidConstruct when no table or bucket name follows from the ledger's: a bucket's has 63 characters at most
 */
export function ledgerNames(construct: IConstruct, ledgerName: string) {
  checkLedgerName(construct, ledgerName);
  const { region, account } = Stack.of(construct);
  return {
    table: ledgerName,
    relayRole: `${ledgerName}-relay-${region}`,
    forwarderRole: `${ledgerName}-forward-${region}`,
    sweepRole: `${ledgerName}-sweep-${region}`,
    forwardQueue: `${ledgerName}-forward`,
    reconcilerRole: `${ledgerName}-reconcile-${region}`,
    registerRoutes: `${ledgerName}-register-routes`,
    quarantineBucket: `${ledgerName}-quarantine-${account}-${region}`,
  };
}

const LEDGER_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

function checkLedgerName(construct: IConstruct, ledgerName: string): void {
  if (!LEDGER_NAME.test(ledgerName) || ledgerName.length < 3 || ledgerName.length > 24) {
    throw new InvalidConstruct(
      construct,
      `'${ledgerName}' is not a ledger name: give 3 to 24 characters of lower-case words joined by '-', e.g. 'shop'`,
    );
  }
}
