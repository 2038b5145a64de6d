import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../contract/metrics.ts';
import { DAY_MS } from '../../contract/time.ts';
import type { DeployedSaga } from '../rules/deployment-graph.ts';
import { type AlarmConditions, MINUTE, SILENT } from './alarm-condition.ts';
import { countedMetric } from './ledger-metrics.ts';

/** An execution of Step Functions ends after a year, whatever it waits for. */
const ELEVEN_MONTHS_SECONDS = (335 * DAY_MS) / 1_000;

/** When the alarms of a saga ring: what is stuck, too old, near the end of its year, or has ended by itself. */
export function sagaConditions({ ledger, definition, tooOldSeconds }: DeployedSaga): AlarmConditions {
  const { name } = definition.saga;
  const kept = (metric: string, statistic = 'Maximum') => countedMetric(ledger, metric, { statistic, period: MINUTE });
  const look = `\`waybill saga ls\` says which, and \`waybill saga <id>\` why.`;
  const oldest = kept(METRICS.sagaOldest(name));
  return {
    [`SagaStuck-${name}`]: {
      metric: kept(METRICS.sagaStuck(name)),
      alarmDescription: `Executions of the saga '${name}' wait for somebody to decide: ${look} Decide by \`--retry\` or \`--skip\`.`,
    },
    [`SagaTooOld-${name}`]: {
      metric: oldest,
      threshold: tooOldSeconds,
      alarmDescription: `An execution of the saga '${name}' has not ended for ${tooOldSeconds} s: ${look}`,
    },
    [`SagaElevenMonths-${name}`]: {
      metric: oldest,
      threshold: ELEVEN_MONTHS_SECONDS,
      alarmDescription: `An execution of the saga '${name}' runs for 11 months: Step Functions ends it after a year, and then it is undone. ${look}`,
    },
    [`SagaUnwound-${name}`]: {
      metric: kept(METRICS.sagaUnwound(name), 'Sum'),
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription: `An execution of the saga '${name}' has failed, timed out or was stopped: what it had done is undone by another one. ${look}`,
    },
    [`SagaUnkept-${name}`]: {
      ...SILENT,
      metric: kept(METRICS.sagaOldest(name), 'SampleCount'),
      alarmDescription: `Nobody has counted the executions of the saga '${name}' for 5 minutes: look into the log of its keeper.`,
    },
  };
}
