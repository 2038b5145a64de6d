/**
 * The CloudWatch metrics that alarms and dashboards read: nothing else spells their names. Reconciliation puts them every
 * minute, but for what functions count. An alarm takes one metric, so a business line is part of a name.
 */
export const METRICS = {
  namespace: 'Waybill',
  /** The dimension that names the ledger's table: the only one of what reconciliation puts. */
  ledger: 'ledger',
  /** The other dimension, `service`, of what functions count. */
  service: 'waybill',
  /** Messages of a business line that are missing, in percent of those of the last minutes. */
  missingRatio: (businessLine: string) => `${businessLine}.missing-ratio`,
  /** Messages that were sent again as often as healing tries, in vain. */
  quarantined: 'quarantined',
  /** Messages that were not sent again for want of budget. */
  healDeferred: 'heal-deferred',
  /** Seconds since the oldest message that has not ended was committed, or due if it was delayed. */
  oldestUnended: 'oldest-unended',
  /** Messages that ended although nobody committed them. */
  uncaused: 'uncaused',
  /** Dead messages behind which others of their keys wait. Where there are ordered subscribers. */
  orderBlocked: 'order.blocked',
  /** Those of them that expire within three days: then the others go on without them. */
  orderExpiring: 'order.expiring',
  /** 1 for every run that healed while comparison kept up. */
  reconciled: 'reconciled',
  /** Half messages whose owner did not decide in the time of the check-back. Counted by functions. */
  halfQuarantined: 'half-quarantined',
  /** Minutes in which one business key had most of what is too much for a ledger's shards. Counted by functions. */
  hotKey: 'shards.hot-key',
  /** Circuits that have opened. Counted by functions. */
  circuitOpened: 'circuit.opened',
  /** Looks at circuits that are open for nearly as long as their messages are kept. Counted by functions. */
  circuitOverdue: 'controller.overdue',
  /** Readings of a backlog by which more was to be taken on than a scaler may. Counted by functions. */
  scaleExhausted: 'scale.exhausted',
  /** Readings by which far less comes to a subscriber than was to be expected. Counted by functions. */
  belowForecast: 'forecast.below',
  /** Subscribers from whose queues nobody takes anything, though something waits. Counted by functions. */
  stalled: 'stalled',
  /** Uses of a transaction after its handler's return, which have no effect. Counted by functions. */
  transactionLate: 'transaction.late',
  /** Redrives that a relapse or their time has stopped. Counted by functions. */
  redriveStopped: 'redrive.stopped',
  /** Executions of a saga that wait for somebody to decide. Counted every minute by its keeper. */
  sagaStuck: (saga: string) => `${saga}.saga-stuck`,
  /** Seconds since the oldest execution of a saga that has not ended was started. Counted every minute by its keeper. */
  sagaOldest: (saga: string) => `${saga}.saga-oldest`,
  /** Executions of a saga that have ended by themselves, and are undone. Counted by its keeper. */
  sagaUnwound: (saga: string) => `${saga}.saga-unwound`,
} as const;
