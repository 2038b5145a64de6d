/**
 * The CloudWatch metrics that reconciliation puts every minute: the reconciler writes them, alarms and dashboards read
 * them, and nothing else spells their names. An alarm takes one metric, so a business line is part of a name.
 */
export const METRICS = {
  namespace: 'Waybill',
  /** The one dimension: the ledger's table name. */
  ledger: 'ledger',
  /** Messages of a business line that are missing, in percent of those of the last minutes. */
  missingRatio: (businessLine: string) => `${businessLine}.missing-ratio`,
  /** Messages that were sent again as often as healing tries, in vain. */
  quarantined: 'quarantined',
  /** Messages that were not sent again for want of budget. */
  healDeferred: 'heal-deferred',
  /** Seconds since the oldest message was committed that has not ended. */
  oldestUnended: 'oldest-unended',
  /** Messages that ended although nobody committed them. */
  uncaused: 'uncaused',
  /** 1 for every run that came to its end. */
  reconciled: 'reconciled',
} as const;
