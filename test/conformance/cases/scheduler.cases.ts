import type { Case, Suite } from '../case.ts';
import type { Clients } from '../clients.ts';
import { holds, refused, same } from '../expect.ts';
import type { Scratch } from '../scratch.ts';
import { Letters } from './letters.ts';

const GUIDE = 'https://docs.aws.amazon.com/scheduler/latest/UserGuide';
const API = 'https://docs.aws.amazon.com/scheduler/latest/APIReference';

function one(name: string, cites: Case['cites'], run: Case['run'], more: Partial<Case> = {}): Case {
  return { name, cites, needs: ['scheduler', 'sqs'], seconds: 110, ...more, run };
}

export const SCHEDULER: Suite = {
  service: 'scheduler',
  title: 'EventBridge Scheduler',
  cases: [
    one(
      'a one-time schedule fires within the minute, never early, and deletes itself',
      `${GUIDE}/managing-schedule-delete.html`,
      async (aws, scratch) => {
        const due = Math.ceil(scratch.now() / 1000) * 1000 + 3000;
        const { path, queue } = await schedule(aws, scratch, at(due), { ActionAfterCompletion: 'DELETE' });
        const { message, at: came } = await queue.next(75);
        same(message?.Body, '{"n":1}', 'the message');
        holds(came >= due, `it came ${due - came} ms early`);
        holds(came < due + 62_000, `it came ${(came - due) / 1000} s late`);
        await queue.delete(message);
        await scratch.sleep(3000);
        await refused(aws.api.rest('scheduler', 'GET', path), 'ResourceNotFoundException');
        same((await queue.collect(1, 2)).length, 0, 'further messages');
      },
    ),
    one(
      'without ActionAfterCompletion it stays, and does not fire again',
      `${GUIDE}/managing-schedule-delete.html`,
      async (aws, scratch) => {
        const { path, queue } = await schedule(aws, scratch, at(scratch.now() + 2000));
        const { message } = await queue.next(75);
        holds(message, 'it did not fire');
        await queue.delete(message);
        await scratch.sleep(8000);
        same((await queue.collect(1, 0)).length, 0, 'further messages');
        const { State } = await aws.api.rest<{ State?: string }>('scheduler', 'GET', path);
        same(State, 'ENABLED', 'its state');
      },
    ),
    one('a deleted schedule does not fire', `${API}/API_DeleteSchedule.html`, async (aws, scratch) => {
      const { path, queue } = await schedule(aws, scratch, at(scratch.now() + 6000));
      await aws.api.rest('scheduler', 'DELETE', path);
      same((await queue.collect(1, 20)).length, 0, 'the messages');
    }),
    one(
      'rate(1 minute) fires every minute',
      `${GUIDE}/schedule-types.html`,
      async (aws, scratch) => {
        const { queue } = await schedule(aws, scratch, 'rate(1 minute)');
        const times: number[] = [];
        for (const nth of ['once', 'twice']) {
          const { message, at: came } = await queue.next(130);
          holds(message, `it did not fire ${nth}`);
          // Lest it come again after the queue's visibility timeout.
          await queue.delete(message);
          times.push(came);
        }
        const apart = (times[1]! - times[0]!) / 1000;
        holds(apart > 40 && apart < 80, `it fired ${apart.toFixed(0)} s apart`);
      },
      { seconds: 290, slow: 'it waits for two minutes' },
    ),
    one('a name is taken once', `${API}/API_CreateSchedule.html`, async (aws, scratch) => {
      const { path, body } = await schedule(aws, scratch, at(scratch.now() + 3_600_000));
      await refused(aws.api.rest('scheduler', 'POST', path, body), 'ConflictException');
    }),
    one('an expression that is none is refused', `${API}/API_CreateSchedule.html`, async (aws, scratch) => {
      await refused(schedule(aws, scratch, 'sometimes'), 'ValidationException');
    }),
  ],
};

function at(milliseconds: number): string {
  return `at(${new Date(milliseconds).toISOString().slice(0, 19)})`;
}

/** A schedule that sends `{"n":1}` to a queue. */
async function schedule(aws: Clients, scratch: Scratch, ScheduleExpression: string, more: object = {}) {
  const { api } = aws;
  const { url, arn } = await scratch.queue();
  const path = `/schedules/${scratch.name()}`;
  const body = {
    ClientToken: scratch.name(),
    ScheduleExpression,
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: arn, RoleArn: scratch.role, Input: '{"n":1}' },
    ...more,
  };
  await api.rest('scheduler', 'POST', path, body);
  scratch.defer(() => api.rest('scheduler', 'DELETE', path));
  return { path, body: { ...body, ClientToken: scratch.name() }, queue: new Letters(aws, scratch, { url, arn }) };
}
