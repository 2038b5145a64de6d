import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { METRICS } from '../../contract/metrics.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import type { DeployedSubscriber, DeployedWorkQueue } from '../rules/deployment-graph.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { ConsumerFunction } from '../subscriber/consumer-function.ts';
import { MINUTE } from './alarm-condition.ts';
import type { LedgerAlarms } from './ledger-alarms.ts';
import { ledgerMetric } from './ledger-metrics.ts';
import { RadarWidget } from './radar-widget.ts';

/** What a LedgerDashboard takes. */
export interface LedgerDashboardProps {
  readonly ledger: ILedger;
  /** Alarms whose state the dashboard shows. @default none */
  readonly alarms?: LedgerAlarms;
  /** @default CloudFormation chooses it */
  readonly dashboardName?: string;
  /** Business lines that only other apps' subscribers consume. @default those of this app's subscribers */
  readonly businessLines?: readonly string[];
  /** Whether the dashboard shows the radar, which a function draws. @default true, where the ledger reconciles itself */
  readonly radar?: boolean;
}

const WIDTH = 24;
const THIRD = WIDTH / 3;

const FIRST_STEPS = `
**What is missing, and where did it stop?** \`waybill reconcile\` ·
**What became of a message?** \`waybill trace <message id>\` or \`waybill trace --key <business key>\` ·
**Since when, and in which business line?** \`waybill radar\`

What is missing is sent again by itself, unless its subscriber stands still or healing has given up (*quarantined*).
To send a message again is always safe: the subscriber's inbox decides.
`.trim();

/**
 * What somebody on call needs first: alarms, the radar, what is missing by business line, what waits where, what lags
 * or fails, and the latest warnings of all functions. Subscribers of this app are shown whether they are added before
 * or after; where they have stacks of their own, so should the dashboard, or share one of theirs.
 *
 * @example
 * new LedgerDashboard(this, 'Dashboard', { ledger, alarms: new LedgerAlarms(this, 'Alarms', { ledger }) });
 */
export class LedgerDashboard extends Construct {
  readonly dashboard: cloudwatch.Dashboard;
  readonly #ledger: ILedger;
  readonly #lines = new Set<string>();
  readonly #missing = graph('Missing messages, % of a business line', 2 * THIRD);
  readonly #oldest = graph('Age of the oldest message not ended, s');
  readonly #healing = graph('Messages beyond healing');
  readonly #deadLetters = graph('Dead letters');
  readonly #backlog = graph('Messages waiting in queues');
  readonly #age = graph('Longest wait in a queue, s');
  readonly #lag = graph('Lag behind a stream, ms');
  readonly #errors = graph('Failed invocations');
  /** Read when the dashboard is written, as the graphs are. */
  readonly #logGroupNames: string[] = [];

  constructor(scope: Construct, id: string, props: LedgerDashboardProps) {
    super(scope, id);
    const { ledger, alarms, dashboardName, radar = true } = props;
    this.#ledger = ledger;
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { dashboardName, defaultInterval: Duration.hours(3) });
    this.dashboard.addWidgets(new cloudwatch.TextWidget({ markdown: FIRST_STEPS, width: WIDTH, height: 3 }));
    if (alarms) this.dashboard.addWidgets(stateOf(alarms));
    if (ledger.reconcilerRole) {
      this.#showReconciliation();
      if (radar) this.dashboard.addWidgets(this.#radar());
      this.dashboard.addWidgets(this.#missing, this.#oldest);
      this.dashboard.addWidgets(this.#deadLetters, this.#backlog, this.#healing);
    } else {
      this.dashboard.addWidgets(this.#deadLetters, this.#backlog);
    }
    this.dashboard.addWidgets(this.#age, this.#lag, this.#errors);
    if (ledger instanceof Ledger) this.#showFunctions(ledger);
    for (const line of props.businessLines ?? []) this.#showLine(line);
    const graph = deploymentGraphOf(this);
    graph.eachSubscriber((subscriber) => {
      if (subscriber.channel.ledger === ledger) this.#showSubscriber(subscriber);
    });
    graph.eachWorkQueue((workQueue) => {
      if (workQueue.ledger === ledger) this.#deadLetters.addLeftMetric(deadLettersOf(workQueue));
    });
  }

  #showReconciliation(): void {
    for (const name of [METRICS.quarantined, METRICS.healDeferred, METRICS.uncaused]) {
      this.#healing.addLeftMetric(ledgerMetric(this.#ledger, name, labelled(name)));
    }
    this.#oldest.addLeftMetric(ledgerMetric(this.#ledger, METRICS.oldestUnended, labelled('oldest')));
  }

  #radar(): cloudwatch.IWidget {
    const { functionArn } = new RadarWidget(this, 'Radar', this.#ledger).function;
    return new cloudwatch.CustomWidget({ functionArn, title: 'Radar', width: WIDTH, height: 10 });
  }

  #showLine(line: string): void {
    if (this.#lines.has(line)) return;
    this.#lines.add(line);
    this.#missing.addLeftMetric(ledgerMetric(this.#ledger, METRICS.missingRatio(line), labelled(line)));
  }

  #showFunctions({ relay, forwarder, sweeper, reconciler, forwardQueue }: Ledger): void {
    this.#lag.addLeftMetric(relay.metric('IteratorAge', labelled('relay')));
    this.#backlog.addLeftMetric(forwardQueue.metricApproximateNumberOfMessagesVisible(labelled('forward')));
    for (const [name, own] of Object.entries({ relay, forwarder, sweep: sweeper, reconciler })) {
      if (!own) continue;
      this.#errors.addLeftMetric(own.metricErrors({ ...labelled(name), statistic: cloudwatch.Stats.SUM }));
      this.#logGroupNames.push(own.logGroup.logGroupName);
    }
    this.dashboard.addWidgets(latestWarnings(this.#logGroupNames));
  }

  #showSubscriber({ definition, channel, queue, deadLetterQueue, handler }: DeployedSubscriber): void {
    const label = labelled(definition.name);
    for (const { businessLine } of definition.consumes) this.#showLine(businessLine);
    this.#deadLetters.addLeftMetric(deadLetterQueue.metricApproximateNumberOfMessagesVisible(label));
    this.#backlog.addLeftMetric(queue.metricApproximateNumberOfMessagesVisible(label));
    this.#age.addLeftMetric(queue.metricApproximateAgeOfOldestMessage(label));
    if (channel.stream) this.#lag.addLeftMetric(handler.metric('IteratorAge', label));
    this.#errors.addLeftMetric(handler.metricErrors({ ...label, statistic: cloudwatch.Stats.SUM }));
    // Asking any other function for its log group may deploy one.
    if (handler instanceof ConsumerFunction) this.#logGroupNames.push(handler.logGroup.logGroupName);
  }
}

function deadLettersOf({ construct, purpose, deadLetterQueue }: DeployedWorkQueue): cloudwatch.Metric {
  const label = purpose === 'forward' ? purpose : construct.node.id;
  return deadLetterQueue.metricApproximateNumberOfMessagesVisible(labelled(label));
}

function graph(title: string, width = THIRD): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, width, height: 6, leftYAxis: { min: 0, showUnits: false } });
}

function labelled(label: string): cloudwatch.MetricOptions {
  return { label, period: MINUTE, statistic: cloudwatch.Stats.MAXIMUM };
}

function stateOf({ alarms }: LedgerAlarms): cloudwatch.AlarmStatusWidget {
  // The array is not copied: subscribers that come later add to it.
  const size = { width: WIDTH, height: 4 };
  return new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: alarms as cloudwatch.Alarm[], ...size });
}

function latestWarnings(logGroupNames: string[]): cloudwatch.LogQueryWidget {
  return new cloudwatch.LogQueryWidget({
    title: 'Latest warnings and errors',
    logGroupNames,
    queryLines: [
      'fields @timestamp, level, message, subscriber, error, @log',
      'filter level in ["WARN", "ERROR"]',
      'sort @timestamp desc',
      'limit 50',
    ],
    view: cloudwatch.LogQueryVisualizationType.TABLE,
    width: WIDTH,
    height: 8,
  });
}
