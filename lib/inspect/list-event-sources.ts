import { type LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import type { Sender } from '../aws/environment.ts';
import type { EventSource, ListEventSources } from './subscriber-state.ts';

/** Asks Lambda which event sources read a queue. */
export function eventSourcesOf(lambda: Sender<LambdaClient>): ListEventSources {
  return async (queueArn): Promise<readonly EventSource[]> => {
    const reply = await lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn: queueArn }));
    return (reply.EventSourceMappings ?? []).map(({ State }) => ({ state: State ?? 'Unknown' }));
  };
}
