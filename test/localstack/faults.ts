import type { HostWire } from 'waybill/testing';

/** What befalls a request on its way. */
type Fault = 'throttled' | 'conflict' | 'partial' | 'reply lost';

const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  TransactWriteItems: ['throttled', 'conflict', 'reply lost'],
  GetItem: ['throttled'],
  PutItem: ['throttled', 'reply lost'],
  Query: ['throttled'],
  SendMessageBatch: ['throttled', 'partial', 'reply lost'],
  PutRecords: ['throttled', 'partial', 'reply lost'],
};

/** Each fault of an operation strikes at its first calls in turn, and later at each tenth. */
const LATER = 10;

export interface FaultyWire {
  readonly wire: HostWire;
  /** Whether faults strike. */
  active: boolean;
  /** `<operation> <fault>` for each that has struck. */
  readonly struck: ReadonlySet<string>;
  /** All that can. */
  readonly all: readonly string[];
}

/** A wire on which requests are throttled, meet others, fail in part, and lose their answers. */
export function faultyWire(): FaultyWire {
  const calls = new Map<string, number>();
  const struck = new Set<string>();
  const next = (operation: string): Fault | undefined => {
    const faults = FAULTS[operation] ?? [];
    const nth = calls.get(operation) ?? 0;
    calls.set(operation, nth + 1);
    const isStruck = nth < 2 * faults.length ? nth % 2 === 0 : nth % LATER === 0;
    return isStruck ? faults[(nth < 2 * faults.length ? nth / 2 : nth / LATER) % faults.length] : undefined;
  };
  const faulty: FaultyWire = {
    active: false,
    struck,
    all: Object.entries(FAULTS).flatMap(([operation, faults]) => faults.map((fault) => `${operation} ${fault}`)),
    wire: async ({ operation, input }, send) => {
      const fault = faulty.active ? next(operation) : undefined;
      if (!fault) return send();
      struck.add(`${operation} ${fault}`);
      return strike(fault, operation, input, send);
    },
  };
  return faulty;
}

async function strike(
  fault: Fault,
  operation: string,
  input: object,
  send: (input?: object) => Promise<object>,
): Promise<object> {
  if (fault === 'partial') return operation === 'PutRecords' ? putSome(input, send) : sendSome(input, send);
  if (fault === 'reply lost') {
    await send();
    throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
  }
  if (fault === 'conflict') {
    const { TransactItems = [] } = input as { TransactItems?: readonly unknown[] };
    const CancellationReasons = TransactItems.map((_, index) => ({
      Code: index === 0 ? 'TransactionConflict' : 'None',
    }));
    throw serviceError('TransactionCanceledException', { CancellationReasons });
  }
  throw serviceError(operation === 'SendMessageBatch' ? 'RequestThrottled' : 'ProvisionedThroughputExceededException');
}

function serviceError(name: string, fields: object = {}): Error {
  const $metadata = { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 };
  return Object.assign(new Error(`${name} (injected)`), { name, $fault: 'client', $metadata, ...fields });
}

/** Every second message is refused, with HTTP 200. */
async function sendSome(input: object, send: (input?: object) => Promise<object>): Promise<object> {
  const { Entries = [], ...rest } = input as { Entries?: readonly { readonly Id: string }[] };
  const refused = Entries.filter((_, index) => index % 2 === 0);
  const sent = Entries.filter((_, index) => index % 2 === 1);
  const reply = sent.length > 0 ? await send({ ...rest, Entries: sent }) : { Successful: [] };
  const Failed = refused.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false }));
  return { ...reply, Failed };
}

/** Every second record is refused, with HTTP 200. */
async function putSome(input: object, send: (input?: object) => Promise<object>): Promise<object> {
  const { Records = [], ...rest } = input as { Records?: readonly object[] };
  const put = Records.filter((_, index) => index % 2 === 1);
  const reply = put.length > 0 ? await send({ ...rest, Records: put }) : { Records: [] };
  const placed = [...(reply as { readonly Records: readonly object[] }).Records];
  const refused = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'injected' };
  const all = Records.map((_, index) => (index % 2 === 1 ? placed.shift() : refused));
  return { FailedRecordCount: Records.length - put.length, Records: all };
}
