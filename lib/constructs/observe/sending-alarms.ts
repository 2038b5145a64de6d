import type { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../contract/metrics.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import type { DeployedWorkQueue } from '../rules/deployment-graph.ts';
import { type AlarmConditions, deadLettersIn, MINUTE, SILENT } from './alarm-condition.ts';
import { countedMetric } from './ledger-metrics.ts';

const { NOT_BREACHING } = cloudwatch.TreatMissingData;

/** The alarms of messages on their way from the ledger: of the relay, the forwarder, and the sweeper or schedules. */
export function sendingConditions(ledger: Ledger, relayLag: Duration): AlarmConditions {
  const { forwardDeadLetterQueue, scheduleDeadLetterQueue, sweeper } = ledger;
  return {
    RelayLag: {
      metric: ledger.metricRelayIteratorAge({ period: MINUTE }),
      threshold: relayLag.toMilliseconds(),
      evaluationPeriods: 3,
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'The relay lags behind commits, so every subscriber is late: see its log for errors, and whether it is throttled.',
    },
    WritesThrottled: {
      metric: ledger.metricThrottledWrites({ period: MINUTE }),
      evaluationPeriods: 3,
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'DynamoDB throttles writes to the ledger, so producers and subscribers try again and take longer. Where all shards are busy, ' +
        'raise `shards` or `maxShards` (messages a second by 40, a power of two); where the table is new, give it `warmThroughput`; where one ' +
        'business key has most of the messages, no number of shards helps.',
    },
    ...(ledger.maxShards !== undefined && {
      HotKey: {
        metric: countedMetric(ledger, METRICS.hotKey, { period: MINUTE }),
        treatMissingData: NOT_BREACHING,
        alarmDescription:
          'One business key has most of what is too much for the shards, so that more of them would not help: the log of the ' +
          'reconciler says `hot key`, with the minute and the shard. Divide the key, or publish less of it.',
      },
    }),
    TransactionLate: {
      metric: countedMetric(ledger, METRICS.transactionLate, { period: MINUTE }),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'A handler used its transaction after it had returned: what it meant to write is lost, and its message counts as ' +
        'handled. Its log says `transaction used too late`, with the subscriber and the message: await everything.',
    },
    RedriveStopped: {
      metric: countedMetric(ledger, METRICS.redriveStopped, { period: MINUTE }),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'A redrive was stopped: a message that it had sent failed again, or its time was up. The log of the forwarder says ' +
        '`redrive stopped`, with the subscriber and the operation: mend the fault, and `waybill redrive --resume` it.',
    },
    'DeadLetters-Forward': deadLettersIn(
      forwardDeadLetterQueue,
      'The forwarder could not send some messages on: its log says why. They are in the ledger, and reconciliation sends ' +
        'again what is missing of them.',
    ),
    ...(scheduleDeadLetterQueue && {
      'DeadLetters-Schedules': deadLettersIn(
        scheduleDeadLetterQueue,
        'Schedules could not put delayed messages into the forward queue: each letter says why. They are in the ledger, ' +
          'and reconciliation sends again what is missing of them.',
      ),
    }),
    // Where messages have schedules, none is late for want of it.
    ...(!scheduleDeadLetterQueue && {
      SweepSilent: {
        ...SILENT,
        metric: sweeper.metricInvocations({ period: MINUTE, statistic: 'Sum' }),
        alarmDescription:
          'No sweep has run for 5 minutes, and after 10 delayed messages are late: see the dead-letter queue of its ' +
          'schedule, and whether the function is throttled.',
      },
    }),
    SweepFails: {
      metric: sweeper.metricErrors({ period: MINUTE, statistic: 'Sum' }),
      evaluationPeriods: 5,
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'Every sweep has failed for 5 minutes: after 10, messages that it delays are late, and what waits for a first ' +
        'subscriber goes on waiting. The log of the sweep says which shard it cannot finish, and why.',
    },
  };
}

/** The alarms of half messages that stay undecided. */
export function checkBackConditions({ construct, ledger, deadLetterQueue }: DeployedWorkQueue): AlarmConditions {
  return {
    HalfQuarantined: {
      metric: countedMetric(ledger, METRICS.halfQuarantined, { period: MINUTE }),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'Half messages are undecided at the end of their check-back, or nobody can be asked for them: its log names them, or ' +
        "the reconciler's, and `waybill half <id>` asks again or decides.",
    },
    [`DeadLetters-CheckBack-${construct.node.addr}`]: deadLettersIn(
      deadLetterQueue,
      `The check-back '${construct.node.path}' crashes, or gets what is no request, so that half messages stay undecided: ` +
        'see its log. `waybill half <id> --check-back` asks again.',
    ),
  };
}

/** The alarms of subscribers with breakers. */
export function circuitConditions(ledger: ILedger): AlarmConditions {
  return {
    CircuitOpened: {
      metric: countedMetric(ledger, METRICS.circuitOpened, { period: MINUTE }),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'What a subscriber depends on fails, so its handler runs no more: `waybill subscriber ls` says which subscriber, since ' +
        'when, and the error. Its messages wait, uncounted, and go on when probes go well.',
    },
    CircuitOverdue: {
      metric: countedMetric(ledger, METRICS.circuitOverdue, { period: MINUTE }),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'A subscriber is paused, or its circuit open, for so long that what waits there is gone within a day: the log of the controller says ' +
        '`circuit open for too long`, with the subscriber. Mend what fails and `waybill resume` it, or raise the retention of its queue.',
    },
  };
}

/** The alarms of subscribers that scale. */
export function scaleConditions(ledger: ILedger): AlarmConditions {
  return {
    ScaleExhausted: {
      metric: countedMetric(ledger, METRICS.scaleExhausted, { period: MINUTE }),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'More waits for a subscriber than it may take on: it runs at the most of its `scale`, and that is not enough. The log of the ' +
        'scaler says `backlog though all is taken on`, with the subscriber and how much waits: raise `max`, or see why its handler is slow.',
    },
  };
}

/** The alarm of a ledger that is watched. */
export function stallConditions(ledger: ILedger): AlarmConditions {
  return {
    Stalled: {
      metric: countedMetric(ledger, METRICS.stalled, { period: MINUTE }),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'Nobody takes anything from the queue of a subscriber, though something waits there: the log of the scaler says ' +
        '`subscriber stands still`, with the subscriber, the hop, the cause and since when.',
    },
  };
}

/** The alarm of subscribers with a forecast. */
export function forecastConditions(ledger: ILedger): AlarmConditions {
  return {
    BelowForecast: {
      metric: countedMetric(ledger, METRICS.belowForecast, { period: MINUTE }),
      evaluationPeriods: 3,
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'Far less was committed in the last quarter of an hour than in that hour of other days: the log of the scaler says `far less than ' +
        'forecast`, with the subscriber and how much. See whether those who publish are well.',
    },
  };
}
