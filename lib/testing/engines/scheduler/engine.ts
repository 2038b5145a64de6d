import type { DeleteScheduleCommandInput, ListSchedulesCommandInput, SchedulerClient } from '@aws-sdk/client-scheduler';
import { UnsupportedByEngine } from '../../errors.ts';
import { Engine } from '../engine.ts';
import { refuseOthers } from '../refuse-others.ts';
import type { Operations } from '../wire.ts';
import type { Alarm, AlarmClock } from './alarm.ts';
import type { PutScheduleInput, ScheduleName } from './api.ts';
import { conflictException, groupNotFound, scheduleNotFound, validationException } from './exceptions.ts';
import { type Firing, invokeTarget, type SchedulerEvent, type SchedulerTargets } from './invocation.ts';
import {
  arnOf,
  described,
  dueAfter,
  groupOf,
  keyOf,
  type Schedule,
  scheduleOf,
  stateOf,
  summaryOf,
} from './schedule.ts';
import { DEFAULT_GROUP, refuseName, refuseOutside, scheduleSettings, serviceOf } from './schedule-input.ts';

export interface SchedulerOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The one heap of all engines: a simulation's `schedule.after`, or `alarmsOn(clock)`. */
  readonly after: AlarmClock;
  readonly targets: SchedulerTargets;
  /**
   * By how many milliseconds a firing is late: AWS promises less than 60,000. Asked when the firing is planned.
   * @default 0
   */
  readonly lateness?: (firing: Firing) => number;
  /**
   * How often a firing invokes the target: AWS promises at least once. Asked in the moment of the firing.
   * @default 1
   */
  readonly invocations?: (firing: Firing) => number;
  /** Milliseconds before the n-th retry, from 1. @default a second, doubled each time, at most 15 minutes */
  readonly retryDelay?: (retry: number) => number;
}

const MAX_PAGE = 100;
const LONGEST_RETRY_DELAY_MS = 900_000;

const doubled = (retry: number): number => Math.min(LONGEST_RETRY_DELAY_MS, 1_000 * 2 ** (retry - 1));

/**
 * EventBridge Scheduler in memory, on a given clock: it answers CreateSchedule, UpdateSchedule, GetSchedule,
 * DeleteSchedule and ListSchedules, and invokes queues and functions when their schedules are due, with the retries and
 * dead letters of AWS. A one-time schedule in the past never fires: what AWS does is not documented. A schedule that was
 * deleted or disabled in time does not fire. Not there: schedule groups other than those that were given by
 * `createGroup`, flexible time windows, time zones other than UTC, universal targets, tags.
 *
 * @example
 * const engine = new SchedulerEngine({ now, after, targets: { sqs: sqs.client() } });
 * await engine.client().send(new CreateScheduleCommand({
 *   Name: 'wake-up', ScheduleExpression: 'at(2026-01-01T08:00:00)', FlexibleTimeWindow: { Mode: 'OFF' },
 *   Target: { Arn: queue.arn, RoleArn: 'arn:aws:iam::000000000000:role/scheduler', Input: '{}' },
 * }));
 */
export class SchedulerEngine extends Engine<SchedulerClient, [event: SchedulerEvent]> {
  protected override readonly operations: Operations;
  readonly #options: SchedulerOptions;
  readonly #groups = new Set([DEFAULT_GROUP]);
  readonly #schedules = new Map<string, Schedule>();
  /** Of each schedule's next firing. */
  readonly #alarms = new Map<string, Alarm>();
  /** The requests that were carried out under each client token. */
  readonly #tokens = new Map<string, string>();
  #executions = 0;

  constructor(options: SchedulerOptions) {
    super(options);
    this.#options = options;
    this.operations = {
      CreateSchedule: (input) => this.#create(input),
      UpdateSchedule: (input) => this.#update(input),
      GetSchedule: (input) => this.#get(input),
      DeleteSchedule: (input) => this.#delete(input),
      ListSchedules: (input) => this.#list(input),
    };
  }

  /** Makes a schedule group. `default` is always there. */
  createGroup(name: string): void {
    this.#groups.add(name);
  }

  /** All schedules, by group and name. */
  schedules(): readonly Schedule[] {
    const byKey = [...this.#schedules].sort(([one], [other]) => (one < other ? -1 : 1));
    return byKey.map(([, schedule]) => schedule);
  }

  #create(input: PutScheduleInput) {
    const settings = scheduleSettings('CreateSchedule', input);
    const schedule = scheduleOf(input, settings, this.now());
    this.#refuseGroup(schedule.group);
    if (this.#isRepeated('CreateSchedule', input)) return { ScheduleArn: arnOf(schedule) };
    if (this.#schedules.has(keyOf(input))) throw conflictException(`Schedule ${input.Name} already exists.`);
    return this.#put('CreateSchedule', input, schedule);
  }

  /** Settings that the request does not give take their defaults. */
  #update(input: PutScheduleInput) {
    const settings = scheduleSettings('UpdateSchedule', input);
    if (this.#isRepeated('UpdateSchedule', input)) return { ScheduleArn: arnOf(this.#find(input)) };
    const { createdAt } = this.#find(input);
    return this.#put('UpdateSchedule', input, scheduleOf(input, settings, this.now(), createdAt));
  }

  #get(input: ScheduleName) {
    refuseOthers('GetSchedule', input, ['Name', 'GroupName']);
    return described(this.#find(input));
  }

  #delete(input: ScheduleName & Pick<DeleteScheduleCommandInput, 'ClientToken'>) {
    refuseOthers('DeleteSchedule', input, ['Name', 'GroupName', 'ClientToken']);
    if (this.#isRepeated('DeleteSchedule', input)) return {};
    this.#find(input);
    this.#remember('DeleteSchedule', input);
    this.#forget(keyOf(input));
    return {};
  }

  #list(input: ListSchedulesCommandInput) {
    refuseOthers('ListSchedules', input, ['GroupName', 'NamePrefix', 'State', 'MaxResults', 'NextToken']);
    const { GroupName, NamePrefix = '', State, MaxResults = MAX_PAGE, NextToken = '' } = input;
    refuseOutside('maxResults', MaxResults, 1, MAX_PAGE);
    if (GroupName !== undefined) this.#refuseGroup(GroupName);
    const all = this.schedules().filter(
      (one) =>
        one.name.startsWith(NamePrefix) &&
        (GroupName === undefined || one.group === GroupName) &&
        (State === undefined || stateOf(one) === State) &&
        arnOf(one) > NextToken,
    );
    const page = all.slice(0, MaxResults);
    const last = page.at(-1);
    return { Schedules: page.map(summaryOf), ...(last && all.length > page.length && { NextToken: arnOf(last) }) };
  }

  #find(name: ScheduleName): Schedule {
    refuseName(name);
    this.#refuseGroup(groupOf(name));
    const schedule = this.#schedules.get(keyOf(name));
    if (!schedule) throw scheduleNotFound(name.Name);
    return schedule;
  }

  #refuseGroup(name: string): void {
    if (!this.#groups.has(name)) throw groupNotFound(name);
  }

  #put(operation: string, input: PutScheduleInput, schedule: Schedule) {
    const { targets, now } = this.#options;
    if (serviceOf(input.Target.Arn) === 'lambda' && !targets.invoke) {
      throw new UnsupportedByEngine(`No functions were given to the Scheduler in memory: ${input.Target.Arn}`);
    }
    this.#remember(operation, input);
    this.#forget(keyOf(input));
    this.#schedules.set(keyOf(input), schedule);
    this.#plan(schedule, now() - 1);
    return { ScheduleArn: arnOf(schedule) };
  }

  #forget(key: string): void {
    const alarm = this.#alarms.get(key);
    if (alarm) alarm.cancelled = true;
    this.#alarms.delete(key);
    this.#schedules.delete(key);
  }

  /** Whether the very request was carried out under its client token before. */
  #isRepeated(operation: string, input: Pick<DeleteScheduleCommandInput, 'ClientToken'>): boolean {
    const { ClientToken } = input;
    const before = ClientToken === undefined ? undefined : this.#tokens.get(`${operation} ${ClientToken}`);
    if (before === undefined) return false;
    if (before === JSON.stringify(input)) return true;
    throw conflictException('The client token was used for another request.');
  }

  #remember(operation: string, input: Pick<DeleteScheduleCommandInput, 'ClientToken'>): void {
    const { ClientToken } = input;
    if (ClientToken === '') throw validationException("Value at 'clientToken' must have at least one character.");
    if (ClientToken !== undefined) this.#tokens.set(`${operation} ${ClientToken}`, JSON.stringify(input));
  }

  /** Has the schedule fire when it is next due after a moment. */
  #plan(schedule: Schedule, after: number): void {
    if (stateOf(schedule) === 'DISABLED') return;
    const scheduledAt = dueAfter(schedule, after);
    if (scheduledAt === undefined) return;
    const { now, after: alarmAfter, lateness = () => 0 } = this.#options;
    const firing = { schedule: schedule.name, group: schedule.group, scheduledAt };
    const wait = scheduledAt + lateness(firing) - now();
    const alarm = alarmAfter(Math.max(0, wait), () => void this.#fire(schedule, firing));
    this.#alarms.set(`${schedule.group}/${schedule.name}`, alarm);
  }

  async #fire(schedule: Schedule, firing: Firing): Promise<void> {
    const { invocations = () => 1, retryDelay = doubled, targets, now, after } = this.#options;
    this.#plan(schedule, firing.scheduledAt);
    const options = {
      targets,
      now,
      retryDelay,
      sleep: (milliseconds: number) => new Promise<void>((resolve) => void after(milliseconds, resolve)),
      onEvent: this.tell,
    };
    await Promise.all(
      Array.from({ length: invocations(firing) }, () => {
        this.#executions += 1;
        const id = `00000000-0000-4000-8000-${this.#executions.toString(16).padStart(12, '0')}`;
        return invokeTarget(schedule, firing, id, options);
      }),
    );
    this.#afterCompletion(schedule, firing);
  }

  /** Deletes a schedule that wants it so, once its last firing is over; unless it was updated meanwhile. */
  #afterCompletion(schedule: Schedule, { scheduledAt }: Firing): void {
    const key = `${schedule.group}/${schedule.name}`;
    if (schedule.settings.ActionAfterCompletion !== 'DELETE' || this.#schedules.get(key) !== schedule) return;
    if (dueAfter(schedule, scheduledAt) === undefined) this.#forget(key);
  }
}
