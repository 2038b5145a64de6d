import { type Bindings, bindingsOf } from '../aws/bindings.ts';
import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import type { FailedEntry } from '../aws/send-batch.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { SendFailed } from '../contract/errors.ts';
import { putRows } from '../ledger/batch-write.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type DueRow, dueKey } from '../ledger/rows/due.ts';
import { ttlAfter } from '../ledger/rows/layout.ts';
import { momentOf } from '../message/delivery-time.ts';
import type { Envelope } from '../message/envelope.ts';

/** What a schedule puts into the forward queue: which message is due. The message itself lies in its outbox row. */
export interface DueNotice {
  readonly due: string;
}

/**
 * A schedule fires within a minute from its moment, so it is set two minutes early; SQS waits out what remains.
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
const SCHEDULED_EARLY_MS = 120_000;
const SCHEDULES_AT_ONCE = 8;

/**
 * Has messages sent when their moments come near: writes a `due#` row for each, and where the ledger's messages have
 * schedules of their own, makes one. Doing it again changes nothing.
 *
 * @throws SendFailed when one is not known to wait
 */
export async function putToWait(ledger: Ledger, envelopes: readonly Envelope[]): Promise<void> {
  const { environment } = ledger;
  // A queue may deliver a message twice in one batch, and no two rows of a request may have one key.
  const messages = [...new Map(envelopes.map((envelope) => [envelope.id, envelope])).values()];
  refuse(await putRows(ledger, messages.map(dueRow)));
  if (environment.variables[BINDINGS.scheduleGroup])
    refuse(await createSchedules(environment, bindingsOf(environment), messages));
}

function dueRow(envelope: Envelope): DueRow {
  const ttl = ttlAfter(envelope.expires);
  return { ...dueKey(envelope.id, momentOf(envelope)), ttl };
}

/**
 * One schedule a message. It carries the id and not the message, for Scheduler fills in whatever looks like one of its
 * context attributes: also in a payload.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
 */
async function createSchedules(
  environment: Environment,
  bindings: Bindings,
  messages: readonly Envelope[],
): Promise<FailedEntry[]> {
  if (messages.length === 0) return [];
  const { CreateScheduleCommand } = await import('../aws/scheduler-client.ts');
  const scheduler = await environment.scheduler();
  const failed = await concurrently(SCHEDULES_AT_ONCE, messages, async (envelope, index) => {
    const notice: DueNotice = { due: envelope.id };
    const command = new CreateScheduleCommand({
      Name: envelope.id,
      GroupName: bindings.get('scheduleGroup'),
      ClientToken: envelope.id,
      ScheduleExpression: `at(${new Date(momentOf(envelope) - SCHEDULED_EARLY_MS).toISOString().slice(0, 19)})`,
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: {
        Arn: bindings.get('forwardQueueArn'),
        RoleArn: bindings.get('scheduleRoleArn'),
        Input: JSON.stringify(notice),
        DeadLetterConfig: { Arn: bindings.get('scheduleDeadLetterQueueArn') },
      },
    });
    try {
      await scheduler.send(command);
      return [];
    } catch (error) {
      const code = errorCode(error);
      // It was made before, by a batch that came again.
      return code === 'ConflictException' ? [] : [{ index, code, detail: '', lasting: false }];
    }
  });
  return failed.flat();
}

function refuse(failed: readonly FailedEntry[]): void {
  if (failed.length === 0) return;
  const codes = new Set(failed.map(({ code }) => code));
  throw new SendFailed(`${failed.length} messages could not be put to wait (${[...codes].join(', ')})`);
}
