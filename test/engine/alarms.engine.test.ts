import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  GetMetricStatisticsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BINDINGS, METRICS } from 'waybill';
import { type Environment, publish } from 'waybill/runtime';
import { readLetters } from './dead-letters.ts';
import { LedgerReader } from './ledger-reader.ts';
import { DeliverLetter, LetterPosted } from './letters/contract.ts';
import { clientOptions, type Stage, setStage } from './stage.ts';

/*
 * From a metric to whoever is on call. Of what CloudWatch does, MiniStack 1.5.33 leaves out: one datapoint that is too high
 * rings at once, whatever the number of periods; dimensions are ignored; an alarm is looked at only when a metric is put, so
 * that missing data never rings; actions reach SNS topics only. The template's tests stand for those.
 */

const POLL = { timeout: 120_000, interval: 500 };

let stage: Stage;
let producer: Environment;
let ledger: LedgerReader;
let cloudwatch: CloudWatchClient;
/** The alarms that were announced, in their order. */
const announced: Announcement[] = [];

interface Announcement {
  readonly NewStateValue: string;
  readonly AlarmDescription: string;
  readonly Trigger: { readonly Namespace: string; readonly MetricName: string };
}

beforeAll(async () => {
  stage = await setStage('letters');
  producer = await openProducer();
  ledger = new LedgerReader(stage, stage.output(BINDINGS.ledger));
  cloudwatch = new CloudWatchClient(clientOptions(stage.engine.endpoint));
});

/** A producer that has read no keys yet. */
async function openProducer(): Promise<Environment> {
  const names = [BINDINGS.ledger, BINDINGS.shards];
  const { [BINDINGS.signingSecret]: secret } = await stage.lambda.variables(stage.output(DeliverLetter.name));
  return stage.environment({
    ...Object.fromEntries(names.map((name) => [name, stage.output(name)])),
    [BINDINGS.signingSecret]: secret,
  });
}

afterAll(async () => {
  cloudwatch?.destroy();
  await stage?.stop();
});

/** The metrics whose alarms have been announced so far. */
async function ringing(): Promise<string[]> {
  const QueueUrl = stage.output('on-call');
  const { Messages = [] } = await stage.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { Body, ReceiptHandle } of Messages) {
    announced.push(JSON.parse(Body ?? '') as Announcement);
    await stage.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  return announced.map(({ Trigger }) => Trigger.MetricName);
}

async function put(name: string, value: number): Promise<void> {
  const Dimensions = [{ Name: METRICS.ledger, Value: stage.output(BINDINGS.ledger) }];
  const MetricData = [{ MetricName: name, Value: value, Dimensions }];
  await cloudwatch.send(new PutMetricDataCommand({ Namespace: METRICS.namespace, MetricData }));
}

/** A statistic of a metric of the ledger since the deploy, added up. */
async function totalOf(name: string, statistic: 'Sum' | 'SampleCount'): Promise<number> {
  const now = Date.now();
  const reply = await cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: METRICS.namespace,
      MetricName: name,
      Dimensions: [{ Name: METRICS.ledger, Value: stage.output(BINDINGS.ledger) }],
      StartTime: new Date(now - 3_600_000),
      EndTime: new Date(now + 60_000),
      Period: 60,
      Statistics: [statistic],
    }),
  );
  return (reply.Datapoints ?? []).reduce((sum, point) => sum + (point[statistic] ?? 0), 0);
}

// A run that heals tells nothing of a ledger that no run has compared yet, and would leave that to the next minute's.
test('both schedules run the reconciler, whose metrics reach CloudWatch', { timeout: 300_000 }, async () => {
  await stage.lambda.invoke(stage.output('reconciler'), { run: 'compare' });
  const compared = await totalOf(METRICS.uncaused, 'SampleCount');

  const since = { ...POLL, timeout: 240_000 };
  await expect.poll(() => totalOf(METRICS.reconciled, 'Sum'), since).toBeGreaterThan(0);
  await expect.poll(() => totalOf(METRICS.uncaused, 'SampleCount'), since).toBeGreaterThan(compared);
});

test('a ledger that is well does not ring', async () => {
  await publish(LetterPosted, { letterId: 'well' }, { environment: producer });
  await put(METRICS.missingRatio('letters'), 0.05);

  expect(await ringing()).toEqual([]);
});

test('a letter that is lost on its way rings, and is delivered after all', async () => {
  const metric = METRICS.missingRatio('letters');
  await stage.lambda.setSources(stage.output(DeliverLetter.name), false);
  const { id } = await publish(LetterPosted, { letterId: 'lost' }, { environment: producer });
  const QueueUrl = stage.output(`${DeliverLetter.name}-queue`);
  await expect.poll(() => lose(QueueUrl), POLL).toBe(true);
  await stage.lambda.setSources(stage.output(DeliverLetter.name), true);

  await expect
    .poll(async () => {
      await stage.lambda.invoke(stage.output('reconciler'), {});
      return ringing();
    }, POLL)
    .toContain(metric);
  const alarm = announced.find(({ Trigger }) => Trigger.MetricName === metric);
  expect(alarm).toMatchObject({ NewStateValue: 'ALARM', Trigger: { Namespace: METRICS.namespace } });
  expect(alarm?.AlarmDescription).toContain('waybill reconcile');
  await expect.poll(async () => (await ledger.inbox(DeliverLetter.name, id))?.state, POLL).toBe('handled');
});

/** Takes whatever is in a queue away. */
async function lose(QueueUrl: string): Promise<boolean> {
  const { Messages = [] } = await stage.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
  for (const { ReceiptHandle } of Messages) await stage.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return Messages.length > 0;
}

test.each([METRICS.quarantined, METRICS.healDeferred, METRICS.uncaused])('the first of %s rings', async (name) => {
  await put(name, 1);

  await expect.poll(ringing, POLL).toContain(name);
});

test('a message that does not end rings once it is old', async () => {
  await put(METRICS.oldestUnended, 899);
  expect(await ringing()).not.toContain(METRICS.oldestUnended);
  await put(METRICS.oldestUnended, 901);

  await expect.poll(ringing, POLL).toContain(METRICS.oldestUnended);
});

test('the dashboard is deployed, every alarm is on it, and its radar shows the business line', async () => {
  const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({}));
  const DashboardName = stage.output('dashboard');
  const { DashboardBody = '' } = await cloudwatch.send(new GetDashboardCommand({ DashboardName }));

  expect(MetricAlarms.length).toBeGreaterThan(6);
  for (const { AlarmArn } of MetricAlarms) expect(DashboardBody).toContain(AlarmArn);
  const [, radar = ''] = /"endpoint":"[^"]*:function:([^"]+)"/.exec(DashboardBody) ?? [];
  const drawn = await stage.lambda.invoke(radar, {});
  expect(drawn).toContain('<svg');
  expect(drawn).toContain('letters');
});

describe('where the ledger signs', () => {
  const SecretId = () => producer.variables[BINDINGS.signingSecret];
  const keys = async () => {
    const { SecretString = '' } = await stage.secrets.send(new GetSecretValueCommand({ SecretId: SecretId() }));
    return JSON.parse(SecretString) as Readonly<Record<string, string>>;
  };
  const setKeys = (to: Readonly<Record<string, string>>) =>
    stage.secrets.send(new PutSecretValueCommand({ SecretId: SecretId(), SecretString: JSON.stringify(to) }));
  const post = async (letterId: string, environment: Environment) => {
    const { id } = await publish(LetterPosted, { letterId }, { environment });
    const { signature } = JSON.parse(await ledger.envelope(id)) as { readonly signature?: string };
    return { id, key: signature?.split('.')[1] };
  };
  const stateOf = async (id: string) => (await ledger.inbox(DeliverLetter.name, id))?.state;
  const buried = () => readLetters(stage, stage.output(`${DeliverLetter.name}-dead-letters`));

  test('what somebody has put into the queue is dead-lettered as it is, and ends nothing', async () => {
    const { id, key } = await post('signed', producer);
    expect(key).toBe('key-1');
    await expect.poll(() => stateOf(id), POLL).toBe('handled');

    const genuine = JSON.parse(await ledger.envelope(id));
    const other = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const { signature: _, ...unsigned } = { ...genuine, id: other };
    const forged = [{ ...genuine, data: { letterId: 'forged' } }, { ...genuine, id: other }, unsigned];
    const bodies = forged.map((one) => JSON.stringify(one)).sort();
    const QueueUrl = stage.output(`${DeliverLetter.name}-queue`);
    for (const MessageBody of bodies) await stage.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    const letters: { readonly reason: string; readonly body: string }[] = [];
    await expect.poll(async () => letters.push(...(await buried())), POLL).toBe(bodies.length);
    expect(letters.map(({ reason }) => reason)).toEqual(bodies.map(() => 'invalid-signature'));
    expect(letters.map(({ body }) => body).sort()).toEqual(bodies);
    expect([await stateOf(id), await stateOf(other)]).toEqual(['handled', undefined]);
  });

  test('a key is turned while messages go on: both are taken until the old one is taken out', async () => {
    const old = await keys();
    const turned = { ...old, 'key-2': 'n'.repeat(64) };
    await setKeys(turned);
    // One has read the keys before, and one after; the function knows the old one alone.
    const posted = [await post('by the old key', producer), await post('by the new key', await openProducer())];
    expect(posted.map(({ key }) => key)).toEqual(['key-1', 'key-2']);
    for (const { id } of posted) await expect.poll(() => stateOf(id), POLL).toBe('handled');

    await setKeys({ 'key-2': turned['key-2'] });
    await stage.lambda.setVariables(stage.output(DeliverLetter.name), { STARTED: 'anew' });
    const late = await post('by a key that is gone', producer);
    expect(late.key).toBe('key-1');
    await expect.poll(async () => (await buried()).map(({ reason }) => reason), POLL).toEqual(['invalid-signature']);
    expect(await stateOf(late.id)).toBeUndefined();
    // It is named as missing and sent again as it is, until the key is there again.
    await setKeys(turned);
    await stage.lambda.setVariables(stage.output(DeliverLetter.name), { STARTED: 'once more' });
    await expect
      .poll(async () => {
        await stage.lambda.invoke(stage.output('reconciler'), {});
        return stateOf(late.id);
      }, POLL)
      .toBe('handled');
  });
});
