import type { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../contract/metrics.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { type AlarmConditions, MINUTE, SILENT } from './alarm-condition.ts';
import { ledgerMetric } from './ledger-metrics.ts';

/** The alarms of what reconciliation finds or defers, and of a reconciler that is silent. */
export function reconciliationConditions(ledger: ILedger, oldestUnended: Duration): AlarmConditions {
  return {
    Quarantined: {
      metric: ledgerMetric(ledger, METRICS.quarantined, { period: MINUTE }),
      alarmDescription:
        'Messages were sent again as often as healing tries, in vain: `waybill reconcile` names them and the hop at ' +
        'which each stopped.',
    },
    HealDeferred: {
      metric: ledgerMetric(ledger, METRICS.healDeferred, { period: MINUTE }),
      alarmDescription:
        'More messages are missing than healing may send again at once: look for one cause of them all, such as a ' +
        'subscriber that stands still, before they are sent again one by one.',
    },
    Uncaused: {
      metric: ledgerMetric(ledger, METRICS.uncaused, { period: MINUTE }),
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription:
        'Messages ended at a subscriber although nobody committed them: something sends to its queue that does not ' +
        "publish to the ledger. The reconciler's log names them.",
    },
    OldestUnended: {
      metric: ledgerMetric(ledger, METRICS.oldestUnended, { period: MINUTE }),
      threshold: oldestUnended.toSeconds(),
      evaluationPeriods: 3,
      alarmDescription:
        'A message was committed long ago and has not ended: `waybill reconcile` says how many are in flight, scheduled ' +
        'or missing, and where.',
    },
    ReconcilerSilent: {
      ...SILENT,
      metric: ledgerMetric(ledger, METRICS.reconciled, { period: MINUTE, statistic: 'Sum' }),
      alarmDescription:
        'No reconciliation came to its end for 5 minutes, or it is 15 minutes behind, so nobody tells what is missing: see ' +
        'the log of the reconciler, and the dead-letter queue of its schedules.',
    },
  };
}

/** The alarms of keys that stand still at ordered subscribers. */
export function orderConditions(ledger: ILedger): AlarmConditions {
  const look =
    "The reconciler's log says `key blocked`, with the subscriber and the message: mend the fault and `waybill redrive` it, or " +
    '`waybill skip` it.';
  return {
    OrderBlocked: {
      metric: ledgerMetric(ledger, METRICS.orderBlocked, { period: MINUTE }),
      alarmDescription: `A message is dead at an ordered subscriber, and others of its key wait behind it. ${look}`,
    },
    OrderExpiring: {
      metric: ledgerMetric(ledger, METRICS.orderExpiring, { period: MINUTE }),
      alarmDescription: `A dead message for which others wait expires within 3 days: redrive or skip it before, since they wait for 3 days more. ${look}`,
    },
  };
}

/** The alarm of one business line's missing messages. */
export function missingConditions(ledger: ILedger, line: string, missingRatio: number): AlarmConditions {
  return {
    [`MissingRatio-${line}`]: {
      metric: ledgerMetric(ledger, METRICS.missingRatio(line), { period: MINUTE }),
      threshold: missingRatio,
      evaluationPeriods: 3,
      alarmDescription:
        `More than ${missingRatio} % of the messages of '${line}' are missing: \`waybill reconcile\` names them, ` +
        'and the hop at which each stopped.',
    },
  };
}
