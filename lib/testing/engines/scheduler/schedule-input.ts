import type { Target } from '@aws-sdk/client-scheduler';
import { UnsupportedByEngine } from '../../errors.ts';
import { refuseOthers } from '../refuse-others.ts';
import type { PutScheduleInput, ScheduleName, ScheduleSettings } from './api.ts';
import { validationException } from './exceptions.ts';

export const DEFAULT_GROUP = 'default';
const SETTINGS = [
  'ScheduleExpression',
  'ScheduleExpressionTimezone',
  'FlexibleTimeWindow',
  'Target',
  'StartDate',
  'EndDate',
  'State',
  'ActionAfterCompletion',
  'Description',
] as const satisfies readonly (keyof ScheduleSettings)[];
const NAME = /^[0-9a-zA-Z-_.]{1,64}$/;
const UTC = ['UTC', 'Etc/UTC'];
const MAX_EVENT_AGE_SECONDS = 86_400;
const MAX_RETRIES = 185;

/**
 * The settings of a request that creates or updates a schedule.
 *
 * @throws ValidationException when AWS would refuse them, UnsupportedByEngine when this engine does not know them
 * @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
 */
export function scheduleSettings(operation: string, input: PutScheduleInput): ScheduleSettings {
  refuseOthers(operation, input, ['Name', 'GroupName', 'ClientToken', ...SETTINGS]);
  refuseName(input);
  for (const name of ['ScheduleExpression', 'FlexibleTimeWindow', 'Target'] as const) {
    if (input[name] === undefined) throw constraint(name, 'Member must not be null');
  }
  const { State, ActionAfterCompletion, StartDate, EndDate } = input;
  refuseOther('state', State, ['ENABLED', 'DISABLED']);
  refuseOther('actionAfterCompletion', ActionAfterCompletion, ['NONE', 'DELETE']);
  if (StartDate && EndDate && EndDate <= StartDate)
    throw validationException('The EndDate must come after the StartDate.');
  refuseUnknown(input);
  refuseTarget(operation, input.Target);
  const given = SETTINGS.filter((name) => input[name] !== undefined).map((name) => [name, input[name]]);
  return structuredClone(Object.fromEntries(given)) as ScheduleSettings;
}

export function refuseName({ Name }: ScheduleName): void {
  if (!NAME.test(Name ?? ''))
    throw constraint('name', 'Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$');
}

function refuseUnknown({ FlexibleTimeWindow, ScheduleExpressionTimezone = 'UTC' }: PutScheduleInput): void {
  refuseOther('flexibleTimeWindow.mode', FlexibleTimeWindow.Mode, ['OFF', 'FLEXIBLE']);
  if (FlexibleTimeWindow.Mode !== 'OFF') {
    throw new UnsupportedByEngine('The engine in memory knows the FlexibleTimeWindow OFF only');
  }
  if (!UTC.includes(ScheduleExpressionTimezone)) {
    throw new UnsupportedByEngine(
      `The engine in memory knows the time zone UTC only, not ${ScheduleExpressionTimezone}`,
    );
  }
}

function refuseTarget(operation: string, target: ScheduleSettings['Target']): void {
  const { Arn, RoleArn, Input, RetryPolicy = {}, DeadLetterConfig } = target;
  refuseOthers(operation, target, ['Arn', 'RoleArn', 'Input', 'SqsParameters', 'DeadLetterConfig', 'RetryPolicy']);
  if (!/^arn:aws[a-z-]*:/.test(Arn ?? '')) throw constraint('target.arn', 'Member must be an ARN');
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/.test(RoleArn ?? '')) {
    throw constraint('target.roleArn', 'Member must be the ARN of a role');
  }
  const service = serviceOf(Arn);
  if (service !== 'sqs' && service !== 'lambda') {
    throw new UnsupportedByEngine(
      `The engine in memory knows queues and functions as targets of schedules, not ${Arn}`,
    );
  }
  if (service === 'lambda' && Input !== undefined && !isJson(Input)) {
    throw validationException('Invalid Input: it must be JSON for a templated Lambda target.');
  }
  const { MaximumEventAgeInSeconds: age = MAX_EVENT_AGE_SECONDS, MaximumRetryAttempts: retries = MAX_RETRIES } =
    RetryPolicy;
  refuseOutside('maximumEventAgeInSeconds', age, 60, MAX_EVENT_AGE_SECONDS);
  refuseOutside('maximumRetryAttempts', retries, 0, MAX_RETRIES);
  const letters = DeadLetterConfig?.Arn;
  if (letters !== undefined && (serviceOf(letters) !== 'sqs' || letters.endsWith('.fifo'))) {
    throw validationException('DeadLetterConfig.Arn must be that of a standard SQS queue.');
  }
}

/** E.g. `sqs`, of an ARN. */
export function serviceOf(arn: string): string {
  return arn.split(':')[2] ?? '';
}

/** The values of settings that a request leaves out. */
export function retryPolicyOf({ RetryPolicy = {} }: Target): {
  readonly retries: number;
  readonly milliseconds: number;
} {
  const { MaximumRetryAttempts = MAX_RETRIES, MaximumEventAgeInSeconds = MAX_EVENT_AGE_SECONDS } = RetryPolicy;
  return { retries: MaximumRetryAttempts, milliseconds: MaximumEventAgeInSeconds * 1000 };
}

function refuseOther(name: string, value: string | undefined, values: readonly string[]): void {
  if (value !== undefined && !values.includes(value)) {
    throw constraint(name, `Member must satisfy enum value set: [${values.join(', ')}]`);
  }
}

export function refuseOutside(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw constraint(name, `Member must have value from ${least} to ${most}`);
  }
}

function constraint(name: string, what: string) {
  return validationException(`1 validation error detected: Value at '${name}' failed to satisfy constraint: ${what}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
