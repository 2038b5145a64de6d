import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';
import { InvalidConstruct } from '../invalid-construct.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import type { DeployedSubscriber, DeployedWorkQueue } from '../rules/deployment-graph.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { ABOVE_ZERO, type AlarmConditions, deadLettersIn, MINUTE } from './alarm-condition.ts';
import { AlarmTopic, alarmArns } from './alarm-topic.ts';
import { missingConditions, orderConditions, reconciliationConditions } from './reconciliation-alarms.ts';
import { sagaConditions } from './saga-alarms.ts';
import {
  checkBackConditions,
  circuitConditions,
  forecastConditions,
  scaleConditions,
  sendingConditions,
  stallConditions,
} from './sending-alarms.ts';

/** What LedgerAlarms take. */
export interface LedgerAlarmsProps {
  readonly ledger: ILedger;
  /**
   * The topic on which alarms are announced. Its policy must let CloudWatch publish.
   * @default a topic of the alarms' own
   */
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

/**
 * The alarms of a ledger: what is missing, quarantined, uncaused, stuck, undecided or dead-lettered, a relay that lags,
 * and a sweeper or reconciler that is silent. Each watches one metric, and says what to do. Subscribers of this app are
 * watched whether they are added before or after; where they have stacks of their own, so should the alarms, or share
 * one of theirs.
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

    if (ledger.reconcilerRole) {
      this.#add(reconciliationConditions(ledger, props.oldestUnended ?? Duration.minutes(15)));
    }
    if (ledger instanceof Ledger) this.#add(sendingConditions(ledger, props.relayLag ?? MINUTE));
    for (const line of props.businessLines ?? []) this.#watchLine(line);
    const graph = deploymentGraphOf(this);
    graph.eachSubscriber((subscriber) => {
      if (subscriber.channel.ledger === ledger) this.#watchSubscriber(subscriber);
    });
    graph.eachWatched((watched) => {
      if (watched === ledger) this.#add(stallConditions(ledger));
    });
    graph.eachWorkQueue((workQueue) => {
      if (workQueue.ledger === ledger && workQueue.purpose === 'check-back') this.#watchCheckBack(workQueue);
    });
    graph.eachSaga((saga) => {
      if (saga.ledger === ledger) this.#add(sagaConditions(saga));
    });
  }

  #watchLine(line: string): void {
    if (this.#ledger.reconcilerRole) this.#add(missingConditions(this.#ledger, line, this.#missingRatio));
  }

  #watchSubscriber({ construct, controllerTag, scale, definition, deadLetterQueue }: DeployedSubscriber): void {
    const { name, consumes } = definition;
    this.#refuseToReferTo(construct, name);
    if (definition.ordered && this.#ledger.reconcilerRole) this.#add(orderConditions(this.#ledger));
    if (controllerTag) this.#add(circuitConditions(this.#ledger));
    if (scale) this.#add(scaleConditions(this.#ledger));
    if (scale?.isForecast) this.#add(forecastConditions(this.#ledger));
    for (const { businessLine } of consumes) this.#watchLine(businessLine);
    const description = `'${name}' could not handle some messages: they wait in its dead-letter queue, each with its reason.`;
    this.#add({ [`DeadLetters-${name}`]: deadLettersIn(deadLetterQueue, description) });
  }

  #watchCheckBack(checkBack: DeployedWorkQueue): void {
    this.#refuseToReferTo(checkBack.construct, checkBack.construct.node.path);
    this.#add(checkBackConditions(checkBack));
  }

  /** Subscribers in another stack refer to the ledger's: alarms beside the ledger cannot refer to them. */
  #refuseToReferTo(construct: IConstruct, name: string): void {
    const here = Stack.of(this);
    if (!(this.#ledger instanceof Ledger && here === Stack.of(this.#ledger) && here !== Stack.of(construct))) return;
    throw new InvalidConstruct(
      this,
      `The alarms are in the ledger's stack, and '${name}' is in another, which refers to the ledger's: ` +
        'give the alarms a stack of their own, or put them beside the subscribers',
    );
  }

  /** Several check-backs, or subscribers of one business line, share conditions: each becomes one alarm. */
  #add(conditions: AlarmConditions): void {
    for (const [id, condition] of Object.entries(conditions)) {
      if (this.node.tryFindChild(id)) continue;
      const alarm = new cloudwatch.Alarm(this, id, { ...ABOVE_ZERO, ...condition });
      alarm.addAlarmAction(...this.#actions);
      this.#alarms.push(alarm);
    }
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
