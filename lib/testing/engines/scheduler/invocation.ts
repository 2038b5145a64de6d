import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { UnsupportedByEngine } from '../../errors.ts';
import type { ScheduleSettings } from './api.ts';
import { arnOf, type Schedule } from './schedule.ts';
import { retryPolicyOf, serviceOf } from './schedule-input.ts';

/** One time at which a schedule was due. */
export interface Firing {
  /** The schedule's name, and its group's. */
  readonly schedule: string;
  readonly group: string;
  /** When it was due, in milliseconds since the epoch. */
  readonly scheduledAt: number;
}

/** The targets that schedules reach. */
export interface SchedulerTargets {
  /** The queues: a client of an engine, over whichever wire. */
  readonly sqs: Pick<SQSClient, 'send'>;
  /**
   * Hands an event to a function, as Lambda's asynchronous invocation does: resolves as soon as Lambda has taken it,
   * whatever the function makes of it.
   *
   * @default there are no functions
   */
  readonly invoke?: (functionArn: string, event: unknown) => Promise<unknown>;
}

/** Something that has become of a firing. */
export interface SchedulerEvent extends Firing {
  /** `failed` is tried again; `dead` went to the dead-letter queue, and what is `dropped` went nowhere. */
  readonly kind: 'invoked' | 'failed' | 'dead' | 'dropped';
  /** From 0. */
  readonly attempt: number;
}

export interface InvocationOptions {
  readonly targets: SchedulerTargets;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Milliseconds before the n-th retry, from 1. */
  readonly retryDelay: (retry: number) => number;
  readonly onEvent: (event: SchedulerEvent) => void;
}

/**
 * Invokes a schedule's target until it succeeds or its retry policy is exhausted; then tells the dead-letter queue, if
 * there is one. Never throws, but for what the engines in memory do not know.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
 */
export async function invokeTarget(
  schedule: Schedule,
  firing: Firing,
  executionId: string,
  { targets, now, sleep, retryDelay, onEvent }: InvocationOptions,
): Promise<void> {
  const { Target: target } = schedule.settings;
  const { retries, milliseconds } = retryPolicyOf(target);
  const begun = now();
  for (let attempt = 0; ; attempt++) {
    const context = { schedule, firing, executionId, attempt };
    const error = await invokeOnce(target, context, targets);
    if (error === undefined) {
      onEvent({ ...firing, kind: 'invoked', attempt });
      return;
    }
    const wait = retryDelay(attempt + 1);
    const isTooOld = now() + wait - begun > milliseconds;
    if (attempt >= retries || isTooOld) {
      const condition = attempt >= retries ? 'MaximumRetryAttempts' : 'MaximumEventAgeInSeconds';
      const isTold = await tellDead(target, context, error, condition, targets);
      onEvent({ ...firing, kind: isTold ? 'dead' : 'dropped', attempt });
      return;
    }
    onEvent({ ...firing, kind: 'failed', attempt });
    await sleep(wait);
  }
}

interface Context {
  readonly schedule: Schedule;
  readonly firing: Firing;
  readonly executionId: string;
  readonly attempt: number;
}

async function invokeOnce(
  target: ScheduleSettings['Target'],
  context: Context,
  targets: SchedulerTargets,
): Promise<Error | undefined> {
  const input = inputOf(target, context);
  try {
    if (serviceOf(target.Arn) === 'sqs') {
      const MessageGroupId = target.SqsParameters?.MessageGroupId;
      await targets.sqs.send(
        new SendMessageCommand({
          QueueUrl: queueUrlOf(target.Arn),
          MessageBody: input,
          ...(MessageGroupId !== undefined && { MessageGroupId }),
        }),
      );
    } else {
      await targets.invoke?.(target.Arn, JSON.parse(input));
    }
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedByEngine || !(error instanceof Error)) throw error;
    return error;
  }
}

/** Whether there is a dead-letter queue that has taken it. */
async function tellDead(
  target: ScheduleSettings['Target'],
  context: Context,
  error: Error,
  condition: string,
  targets: SchedulerTargets,
): Promise<boolean> {
  const arn = target.DeadLetterConfig?.Arn;
  if (arn === undefined) return false;
  const { schedule, firing, executionId, attempt } = context;
  const attributes = {
    ERROR_CODE: error.name,
    ERROR_MESSAGE: error.message || error.name,
    EXECUTION_ID: executionId,
    EXHAUSTED_RETRY_CONDITION: condition,
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: String(attempt),
    SCHEDULED_TIME: secondsOf(firing.scheduledAt),
    SCHEDULE_ARN: arnOf(schedule),
    TARGET_ARN: target.Arn,
  };
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
  const command = new SendMessageCommand({
    QueueUrl: queueUrlOf(arn),
    MessageBody: inputOf(target, context),
    MessageAttributes,
  });
  try {
    await targets.sqs.send(command);
    return true;
  } catch (refusal) {
    if (refusal instanceof UnsupportedByEngine || !(refusal instanceof Error)) throw refusal;
    return false;
  }
}

/**
 * The input that the schedule gives, with the keywords of its context filled in; without one, a notification.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
 */
function inputOf({ Input }: ScheduleSettings['Target'], { schedule, firing, executionId, attempt }: Context): string {
  const arn = arnOf(schedule);
  const time = secondsOf(firing.scheduledAt);
  if (Input === undefined) {
    return JSON.stringify({
      version: '0',
      id: executionId,
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      account: '000000000000',
      time,
      region: 'us-east-1',
      resources: [arn],
      detail: '{}',
    });
  }
  return Input.replaceAll('<aws.scheduler.schedule-arn>', arn)
    .replaceAll('<aws.scheduler.scheduled-time>', time)
    .replaceAll('<aws.scheduler.execution-id>', executionId)
    .replaceAll('<aws.scheduler.attempt-number>', String(attempt + 1));
}

/** ISO 8601, to the second. */
function secondsOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

function queueUrlOf(arn: string): string {
  const [, , , region, account, name] = arn.split(':');
  return `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}
