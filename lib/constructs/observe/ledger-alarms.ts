import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';
import { METRICS } from '../../contract/metrics.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import type { DeployedSubscriber, DeployedWorkQueue } from '../rules/deployment-graph.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { type AlarmCondition, deadLettersIn, MINUTE } from './alarm-condition.ts';
import { AlarmTopic, alarmArns } from './alarm-topic.ts';
import { ledgerMetric } from './ledger-metrics.ts';
import { checkBackConditions, delayConditions } from './sending-alarms.ts';

export interface LedgerAlarmsProps {
  readonly ledger: ILedger;
  /** Where alarms are announced. Its policy must let CloudWatch publish. @default a topic of its own */
  readonly topic?: sns.ITopic;
  /** A function that each alarm invokes too, beside the topic. @default none */
  readonly handler?: lambda.IFunction;
  /** Business lines that only other apps' subscribers consume. @default those of this app's subscribers */
  readonly businessLines?: readonly string[];
  /** Percent of a business line's messages that may be missing. @default 0.1 */
  readonly missingRatio?: number;
  /** By how much the relay may lag behind commits. @default 1 minute */
  readonly relayLag?: Duration;
  /** How old the oldest message may be that has not ended. @default 15 minutes */
  readonly oldestUnended?: Duration;
}

const { GREATER_THAN_THRESHOLD, LESS_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;
/** What was last known stands: where the reconciler is silent, an alarm of its own says so. */
const { IGNORE, BREACHING, NOT_BREACHING } = cloudwatch.TreatMissingData;

/**
 * The alarms of a ledger: what is missing, quarantined, uncaused, stuck, undecided or dead-lettered, a relay that lags, and
 * a sweep or reconciler that is silent. Each watches one metric, and says what to do. Subscribers of this app are watched whether they
 * are added before or after; where they have stacks of their own, so should the alarms, or share one of theirs.
 *
 * @example
 * const alarms = new LedgerAlarms(this, 'Alarms', { ledger });
 * alarms.topic.addSubscription(new EmailSubscription('on-call@example.com'));
 */
export class LedgerAlarms extends Construct {
  readonly topic: sns.ITopic;
  /** Grows with each subscriber that is added. */
  readonly alarms: readonly cloudwatch.Alarm[];
  readonly #ledger: ILedger;
  readonly #alarms: cloudwatch.Alarm[] = [];
  readonly #lines = new Set<string>();
  readonly #actions: cloudwatch.IAlarmAction[];
  readonly #missingRatio: number;

  constructor(scope: Construct, id: string, props: LedgerAlarmsProps) {
    super(scope, id);
    const { ledger, handler, missingRatio = 0.1 } = props;
    if (!(missingRatio >= 0 && missingRatio < 100)) {
      throw new InvalidConstruct(this, `\`missingRatio\` is ${missingRatio}: give a percentage from 0 to below 100`);
    }
    this.#ledger = ledger;
    this.#missingRatio = missingRatio;
    this.alarms = this.#alarms;
    this.topic = props.topic ?? new AlarmTopic(this, 'Topic', ledger);
    this.#actions = [actionOn(this.topic.topicArn)];
    if (handler) this.#actions.push(this.#invoke(handler));

    if (ledger.reconcilerRole) this.#watchReconciler(props.oldestUnended ?? Duration.minutes(15));
    if (ledger instanceof Ledger) {
      this.#watchRelay(ledger, props.relayLag ?? MINUTE);
      this.#addAll(delayConditions(ledger));
    }
    for (const line of props.businessLines ?? []) this.#watchLine(line);
    const graph = deploymentGraphOf(this);
    graph.eachSubscriber((subscriber) => {
      if (subscriber.channel.ledger === ledger) this.#watchSubscriber(subscriber);
    });
    graph.eachWorkQueue((workQueue) => {
      if (workQueue.ledger === ledger && workQueue.purpose === 'check-back') this.#watchCheckBack(workQueue);
    });
  }

  #watchReconciler(oldestUnended: Duration): void {
    const now = { threshold: 0, comparisonOperator: GREATER_THAN_THRESHOLD, evaluationPeriods: 1 };
    this.#add('Quarantined', {
      ...now,
      metric: this.#metric(METRICS.quarantined),
      treatMissingData: IGNORE,
      alarmDescription:
        'Messages were sent again as often as healing tries, in vain: `waybill reconcile` names them and the hop at ' +
        'which each stopped.',
    });
    this.#add('HealDeferred', {
      ...now,
      metric: this.#metric(METRICS.healDeferred),
      treatMissingData: IGNORE,
      alarmDescription:
        'More messages are missing than healing may send again at once: look for one cause of them all, such as a ' +
        'subscriber that stands still, before they are sent again one by one.',
    });
    this.#add('Uncaused', {
      ...now,
      metric: this.#metric(METRICS.uncaused),
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'Messages ended at a subscriber although nobody committed them: something sends to its queue that does not ' +
        "publish to the ledger. The reconciler's log names them.",
    });
    this.#add('OldestUnended', {
      metric: this.#metric(METRICS.oldestUnended),
      threshold: oldestUnended.toSeconds(),
      comparisonOperator: GREATER_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: IGNORE,
      alarmDescription:
        'A message was committed long ago and has not ended: `waybill reconcile` says how many are in flight, scheduled ' +
        'or missing, and where.',
    });
    this.#add('ReconcilerSilent', {
      metric: this.#metric(METRICS.reconciled, cloudwatch.Stats.SUM),
      threshold: 1,
      comparisonOperator: LESS_THAN_THRESHOLD,
      evaluationPeriods: 5,
      treatMissingData: BREACHING,
      alarmDescription:
        'No reconciliation came to its end for 5 minutes, so nobody tells what is missing: see the log of the ' +
        'reconciler, and the dead-letter queue of its schedule.',
    });
  }

  #watchRelay(ledger: Ledger, lag: Duration): void {
    this.#add('RelayLag', {
      metric: ledger.metricRelayIteratorAge({ period: MINUTE }),
      threshold: lag.toMilliseconds(),
      comparisonOperator: GREATER_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: NOT_BREACHING,
      alarmDescription:
        'The relay lags behind commits, so every subscriber is late: see its log for errors, and whether it is throttled.',
    });
  }

  #watchCheckBack(checkBack: DeployedWorkQueue): void {
    this.#refuseToReferTo(checkBack.construct);
    this.#addAll(checkBackConditions(checkBack));
  }

  #watchLine(line: string): void {
    if (this.#lines.has(line) || !this.#ledger.reconcilerRole) return;
    this.#lines.add(line);
    this.#add(`MissingRatio-${line}`, {
      metric: this.#metric(METRICS.missingRatio(line)),
      threshold: this.#missingRatio,
      comparisonOperator: GREATER_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: IGNORE,
      alarmDescription:
        `More than ${this.#missingRatio} % of the messages of '${line}' are missing: \`waybill reconcile\` names them, ` +
        'and the hop at which each stopped.',
    });
  }

  #watchSubscriber({ construct, definition, deadLetterQueue }: DeployedSubscriber): void {
    this.#refuseToReferTo(construct, `'${definition.name}'`);
    for (const { businessLine } of definition.consumes) this.#watchLine(businessLine);
    this.#add(
      `DeadLetters-${definition.name}`,
      deadLettersIn(
        deadLetterQueue,
        `'${definition.name}' could not handle some messages: they wait in its dead-letter queue, each with its reason.`,
      ),
    );
  }

  /** What is in another stack refers to the ledger's: alarms beside the ledger cannot refer to it. */
  #refuseToReferTo(construct: IConstruct, name = `'${construct.node.path}'`): void {
    const here = Stack.of(this);
    if (!(this.#ledger instanceof Ledger && here === Stack.of(this.#ledger) && here !== Stack.of(construct))) return;
    throw new InvalidConstruct(
      this,
      `The alarms are in the ledger's stack, and ${name} is in another, which refers to the ledger's: ` +
        'give the alarms a stack of their own, or put them beside the subscribers',
    );
  }

  #metric(name: string, statistic: string = cloudwatch.Stats.MAXIMUM): cloudwatch.Metric {
    return ledgerMetric(this.#ledger, name, { statistic, period: MINUTE });
  }

  /** Some are those of several check-backs. */
  #addAll(conditions: Readonly<Record<string, AlarmCondition>>): void {
    for (const [id, condition] of Object.entries(conditions)) {
      if (!this.node.tryFindChild(id)) this.#add(id, condition);
    }
  }

  #add(id: string, condition: AlarmCondition): void {
    const alarm = new cloudwatch.Alarm(this, id, condition);
    alarm.addAlarmAction(...this.#actions);
    this.#alarms.push(alarm);
  }

  /** One permission for all alarms: a function's policy has 20 KB. */
  #invoke(handler: lambda.IFunction): cloudwatch.IAlarmAction {
    handler.addPermission(`${this.node.addr}Alarms`, {
      scope: this,
      principal: new iam.ServicePrincipal('lambda.alarms.cloudwatch.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
      sourceArn: alarmArns(this),
    });
    return actionOn(handler.functionArn);
  }
}

function actionOn(alarmActionArn: string): cloudwatch.IAlarmAction {
  return { bind: () => ({ alarmActionArn }) };
}
