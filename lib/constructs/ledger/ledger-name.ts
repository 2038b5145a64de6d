import type { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { InvalidConstruct } from '../invalid-construct.ts';

/** The physical names that follow from a ledger's name. */
export interface LedgerNames {
  readonly table: string;
  readonly relayRole: string;
  readonly forwarderRole: string;
  readonly sweepRole: string;
  readonly forwardQueue: string;
  readonly reconcilerRole: string;
  readonly registerRoutes: string;
  readonly quarantineBucket: string;
}

/** Roles are unique in an account, buckets in the world: their names say the region, and the account. */
export function ledgerNames(stack: Stack, ledgerName: string): LedgerNames {
  return {
    table: ledgerName,
    relayRole: `${ledgerName}-relay-${stack.region}`,
    forwarderRole: `${ledgerName}-forward-${stack.region}`,
    sweepRole: `${ledgerName}-sweep-${stack.region}`,
    forwardQueue: `${ledgerName}-forward`,
    reconcilerRole: `${ledgerName}-reconcile-${stack.region}`,
    registerRoutes: `${ledgerName}-register-routes`,
    quarantineBucket: `${ledgerName}-quarantine-${stack.account}-${stack.region}`,
  };
}

const LEDGER_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** @throws InvalidConstruct for a name from which no table or bucket name follows: a bucket's has 63 characters at most */
export function checkLedgerName(construct: IConstruct, ledgerName: string): void {
  if (!LEDGER_NAME.test(ledgerName) || ledgerName.length < 3 || ledgerName.length > 24) {
    throw new InvalidConstruct(
      construct,
      `'${ledgerName}' is not a ledger name: give 3 to 24 characters of lower-case words joined by '-', e.g. 'shop'`,
    );
  }
}
