import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { UnsupportedByEngine } from '../../lib/testing/errors.ts';
import type { Clients } from './clients.ts';
import type { FunctionRequest, MappingRequest, MemoryLambda } from './memory-lambda.ts';

/** The services without a client of the SDK, as far as there are engines in memory of them. */
export function memoryApi(scheduler: Pick<SchedulerClient, 'send'>, lambda: MemoryLambda): Clients['api'] {
  return {
    call: async <Answer>(service: string, operation: string, input: object) => {
      if (service !== 'logs') throw new UnsupportedByEngine(`The engines in memory have no ${service}`);
      const { logGroupName = '' } = input as { readonly logGroupName?: string };
      const lines = operation === 'FilterLogEvents' ? lambda.linesOf(logGroupName.split('/').at(-1) ?? '') : [];
      return { events: lines.map((message) => ({ message })) } as Answer;
    },
    rest: async <Answer>(service: 'lambda' | 'scheduler', method: string, path: string, input: object = {}) =>
      (service === 'scheduler'
        ? await schedules(scheduler, method, path, input)
        : functions(lambda, method, path, input)) as Answer,
  };
}

/** @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
function schedules(
  scheduler: Pick<SchedulerClient, 'send'>,
  method: string,
  path: string,
  input: object,
): Promise<object> {
  const Name = path.split('/').at(-1) ?? '';
  switch (method) {
    case 'POST':
      return scheduler.send(new CreateScheduleCommand({ ...(input as CreateScheduleCommandInput), Name }));
    case 'GET':
      return scheduler.send(new GetScheduleCommand({ Name }));
    case 'DELETE':
      return scheduler.send(new DeleteScheduleCommand({ Name }));
    default:
      throw new UnsupportedByEngine(`The engine in memory has no ${method} ${path}`);
  }
}

/** Whatever is made is there at once, and goes with the case. */
function functions(lambda: MemoryLambda, method: string, path: string, input: object): object {
  if (method === 'POST' && path.endsWith('/functions')) {
    lambda.createFunction(input as FunctionRequest);
  } else if (method === 'POST') {
    return { UUID: lambda.createMapping(input as MappingRequest), State: 'Enabled' };
  }
  return { State: path.includes('/event-source-mappings') ? 'Enabled' : 'Active' };
}
