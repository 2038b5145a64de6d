import { DAY_MS } from '../../contract/time.ts';
import { minuteOf, momentOfChecked } from '../../contract/timestamp.ts';
import { messageShard, messageTime } from '../../message/message-id.ts';

/**
 * The ledger's key layout: the one place that spells it. Partition keys are sorted buckets of one minute and one shard,
 * so that a minute is listed by one query per shard, and a message is found by its id alone.
 *
 * ```
 * out#<minute>#<shard>                <message id>   the message as committed with the business change
 * in#<subscriber>#<minute>#<shard>    <message id>   how it ended at a subscriber
 * once#<subscriber>#<idempotency key> once           which message took the key, until when
 * fail#<subscriber>#<minute>#<shard>  <message id>   only for messages that failed: attempts, error, next attempt
 * dead#<subscriber>#<shard>           <died at>#<message id>  a message that is dead there, or by digest a record that is none
 * cause#<subscriber>                  <cause>        what messages died of there, and how many
 * redrive#<subscriber>                <operation>    how far an operation has come that sends again what is dead there
 * redrive                             <subscriber>   which operation runs there
 * relay#<minute of sending>#<shard>   <batch id>     one per relayed batch: ids and destinations
 * route#<event type>                  <subscriber>   who expects the event type, from when until when
 * types                               <event type>   every event type that ever had a route
 * open#<shard>                        <message id>#<subscriber>  a message that is overdue at a subscriber: its case
 * radar#<business line>               <minute>       what reconciliation counted of the minute; `<minute>#<group>` of further shards
 * reconcile                           <pass>         the last minute that was reconciled; `<pass>#<group>` of further shards
 * reconcile                           ended#<subscriber>  the newest moment of the delayed messages that it has ended
 * due#<shard>                         <moment>#<message id>  a message that is to be sent when the moment comes near
 * sweep                               <shard>        up to which moment due messages were sent
 * unrouted                            <event type>   messages of it wait for a first subscriber, and how far they were sent
 * unrouted#<event type>               <minute>#<shard>  a bucket that holds such messages
 * shards                              greatest       the greatest shard count that any id was minted for
 * shards                              minted         for how many shards ids are minted, and since when, where that grows
 * format                              outbox         in which format outbox rows are written
 * circuit#<subscriber>                circuit        whether its handler may run, and what has failed lately
 * scale#<subscriber>                  scale          how much it is to take on at once, and what was read last
 * scale#<subscriber>                  history        what came by the hour, of two weeks: for its forecast
 * half#<minute>#<shard>               <half id>      a message whose producer has not decided yet; minute and shard of the id
 * effect#<subscriber>#<message id>    effects        the effects outside of a message: running or done
 * effect#<subscriber>#<key>           shared         the effects outside for which a handler has given a key
 * tail#<sequence>#<business key>      tail           the number of the key's newest message, and the newest of each event type
 * last#<subscriber>#<business key>    last           the number of the message that ended last there, and how many are parked
 * park#<subscriber>#<business key>    <number>       a message that came before its turn, or is to be passed over
 * saga#<execution>                    <step>         what a step of an execution has done; `#start` and `#end` of the execution
 * stuck#<saga>                        <execution>#<step>#<run or undo>  a step that waits for somebody to decide
 * wait#<saga>#<wait>#<value>          wait           an event that a saga waits for, or has come before it waits, by whose it is
 * sagas                               <saga>         how many executions run and are stuck, as its keeper has counted them
 * ```
 */
export interface LedgerKey {
  readonly pk: string;
  readonly sk: string;
}

/** Attributes by which every row of the ledger that DynamoDB may clean up expires, in seconds since the epoch. */
export interface Expiring {
  readonly ttl: number;
}

/** The prefix of every outbox partition key. The relay's event source wakes on it, on half messages, and on nothing else. */
export const OUTBOX_PREFIX = 'out#';

/** The prefix of every partition key of half messages: the relay asks for their check-back. */
export const HALF_PREFIX = 'half#';

/** The prefix of every inbox partition key. */
export const INBOX_PREFIX = 'in#';

/** The prefix of every partition key of failed attempts. */
export const FAILURE_PREFIX = 'fail#';

/** The prefix of every partition key of idempotency keys that are taken. */
export const ONCE_PREFIX = 'once#';

/** The prefix of every partition key of receipts. */
export const RECEIPT_PREFIX = 'relay#';

/** The prefix of every partition key of routes. */
export const ROUTE_PREFIX = 'route#';

/** The prefix of every partition key of open cases. */
export const OPEN_PREFIX = 'open#';

/** The prefix of every partition key of the radar's counts. */
export const RADAR_PREFIX = 'radar#';

/** The prefix of every partition key of what is dead. */
export const DEAD_PREFIX = 'dead#';

/** The prefix of every partition key of what messages died of. */
export const CAUSE_PREFIX = 'cause#';

/** The prefix of every partition key of effects outside. */
export const EFFECT_PREFIX = 'effect#';

/** The prefix of every partition key of operations that send again what is dead. */
export const REDRIVE_PREFIX = 'redrive#';

/** The prefix of every partition key of circuits. */
export const CIRCUIT_PREFIX = 'circuit#';

/** The prefix of every partition key of what scalers want. */
export const SCALE_PREFIX = 'scale#';

/** The prefix of every partition key of the numbers of keys' newest messages. */
export const TAIL_PREFIX = 'tail#';

/** The prefix of every partition key of fences: how far a subscriber has come with a key. */
export const LAST_PREFIX = 'last#';

/** The prefix of every partition key of messages that are parked. */
export const PARK_PREFIX = 'park#';

/** The prefix of every partition key of executions of sagas. */
export const SAGA_PREFIX = 'saga#';

/** The prefix of every partition key of steps that are stuck. */
export const STUCK_PREFIX = 'stuck#';

/** The prefix of every partition key of events that sagas wait for. */
export const WAIT_PREFIX = 'wait#';

/** The partition of all sagas. */
export const SAGAS = 'sagas';

/** The prefix of every partition key of delayed messages that wait. */
export const DUE_PREFIX = 'due#';

/** Inbox rows outlive `expires` by this, so that no message can come after its row has gone. */
export const INBOX_AFTERLIFE = 3 * DAY_MS;

/** When rows may go that outlive their message, in seconds since the epoch, by what its envelope says of its `expires`. */
export function ttlAfter(expires: string): number {
  return Math.ceil((momentOfChecked(expires) + INBOX_AFTERLIFE) / 1000);
}

/** No message expires after this, by its outbox row; and none more than a second before. In milliseconds since the epoch. */
export function latestExpiry({ ttl }: Expiring): number {
  return ttl * 1000 - INBOX_AFTERLIFE;
}

export function bucket(id: string): string {
  return `${minuteOf(messageTime(id))}#${messageShard(id)}`;
}
