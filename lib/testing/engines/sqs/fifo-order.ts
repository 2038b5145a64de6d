import { isInFlight, type StoredMessage } from './stored-message.ts';

/**
 * The messages of a FIFO queue that may be received now, in the order in which they are: as many as possible of one group,
 * in their order, before those of another. A group of which a message is in flight gives none, and none overtakes one that
 * is still delayed.
 *
 * @param messages all of the queue, by sequence number
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
 */
export function inTurn<Message extends Readonly<StoredMessage>>(messages: readonly Message[], now: number): Message[] {
  const groups = Map.groupBy(messages, ({ groupId }) => groupId);
  return [...groups.values()].flatMap((group) => {
    if (group.some((message) => isInFlight(message, now))) return [];
    const delayed = group.findIndex(({ visibleAt }) => visibleAt > now);
    return delayed < 0 ? group : group.slice(0, delayed);
  });
}
