/**
 * A message's place in the order of its key: its number, and the message before it of each event type. The envelope carries it
 * as one text, `<sequence> <number>` and then `<type>/<number>/<id>/<expires>` of each type; `*` behind the sequence's name
 * says that all keys have one order.
 */
export interface MessageOrder {
  /** The sequence's name. */
  readonly sequence: string;
  /** Whether all keys have one order. */
  readonly isGlobal: boolean;
  /** From 1; 0 until the message is committed. */
  readonly number: number;
  /** The message before it of each event type, in no order. */
  readonly before: readonly NumberedMessage[];
}

/** A message that has its number. */
export interface NumberedMessage {
  readonly type: string;
  readonly number: number;
  readonly id: string;
  /** Seconds since the epoch: nothing handles it afterwards. */
  readonly expires: number;
}

/** The key of a sequence that has one order for all keys. */
export const GLOBAL_KEY = '*';

const ORDER = /^[a-z][a-z0-9-]*\*? (?:0|[1-9]\d{0,14})(?: [a-z][a-z0-9.-]*\/[1-9]\d{0,14}\/[0-9a-f-]{36}\/[0-9a-z]+)*$/;

/** Whether a text says a message's place. */
export function isOrder(text: unknown): text is string {
  return typeof text === 'string' && ORDER.test(text);
}

/** The place of a message that has no number yet. */
export function unnumbered({ name, scope }: { readonly name: string; readonly scope: string }): string {
  return orderText({ sequence: name, isGlobal: scope === 'global', number: 0, before: [] });
}

export function orderText({ sequence, isGlobal, number, before }: MessageOrder): string {
  const entries = before.map((one) => ` ${one.type}/${one.number}/${one.id}/${one.expires.toString(36)}`);
  return `${sequence}${isGlobal ? GLOBAL_KEY : ''} ${number}${entries.join('')}`;
}

/** Reads what `orderText` has written. */
export function readOrder(text: string): MessageOrder {
  const [name = '', number, ...entries] = text.split(' ');
  const isGlobal = name.endsWith(GLOBAL_KEY);
  return {
    sequence: isGlobal ? name.slice(0, -GLOBAL_KEY.length) : name,
    isGlobal,
    number: Number(number),
    before: entries.map((entry) => {
      const [type = '', of, id = '', expires = ''] = entry.split('/');
      return { type, number: Number(of), id, expires: Number.parseInt(expires, 36) };
    }),
  };
}

/** The key whose messages have one order with a message. */
export function orderKey({ isGlobal }: MessageOrder, { partitionkey }: { readonly partitionkey: string }): string {
  return isGlobal ? GLOBAL_KEY : partitionkey;
}

/** What SQS takes for the name of a message group. */
const GROUP = /^[!-~]{1,128}$/;

/**
 * The message group of a key in a FIFO queue: the key itself, or its digest where SQS takes no such name.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagegroupid-property.html
 */
export function groupOf(envelope: { readonly order?: string | undefined; readonly partitionkey: string }): string {
  const key = envelope.order === undefined ? envelope.partitionkey : orderKey(readOrder(envelope.order), envelope);
  return GROUP.test(key) ? key : process.getBuiltinModule('node:crypto').hash('sha256', key);
}
