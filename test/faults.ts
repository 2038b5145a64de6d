import type { Request, Wire } from '../lib/testing/engines/index.ts';

/** What happens to one request, instead of its being answered. */
export type Fault = (apply: () => object, request: Request) => object | Promise<object>;

/** An error as an AWS client throws it. */
export function serviceError(name: string, $fault: 'client' | 'server' = 'client', fields: object = {}): Error {
  return Object.assign(new Error(`${name}, said AWS`), { name, $fault, $metadata: {}, ...fields });
}

/** The request is not carried out, and is answered by this error. */
export const refusedBy =
  (name: string, fault: 'client' | 'server' = 'client', fields: object = {}): Fault =>
  () => {
    throw serviceError(name, fault, fields);
  };

/** The transaction is cancelled for these reasons. */
export const cancelledFor = (...codes: readonly string[]): Fault =>
  refusedBy('TransactionCanceledException', 'client', { CancellationReasons: codes.map((Code) => ({ Code })) });

/** The request is lost. */
export const requestLost: Fault = refusedBy('TimeoutError', 'server');

/** The request is carried out, and its reply is lost. */
export const replyLost: Fault = (apply, request) => {
  apply();
  return requestLost(apply, request);
};

/** The request is on its way for ever. */
export const never = (): Promise<never> => new Promise(() => undefined);

/** Where a process is killed: before its nth request (from 0) is carried out, or after that, before the reply comes. */
export interface Death {
  readonly at: number;
  readonly before: boolean;
}

/** A wire that writes down all requests, and has some of them meet with faults. */
export class FaultyWire {
  readonly calls: Request[] = [];
  readonly #next = new Map<string, Fault[]>();
  readonly #always = new Map<string, Fault>();
  readonly #death: Death | undefined;

  constructor(death?: Death) {
    this.#death = death;
  }

  /** The operations of all requests so far, in order. */
  readonly operations = (): string[] => this.calls.map(({ operation }) => operation);

  /** How many requests of an operation there were. */
  readonly countOf = (operation: string): number => this.operations().filter((one) => one === operation).length;

  /** What happens to the next requests of an operation, one after another. */
  readonly next = (operation: string, ...faults: readonly Fault[]): void => {
    this.#next.set(operation, [...faults]);
  };

  /** What happens to every further request of an operation, until it is `undefined`. */
  readonly from = (operation: string, fault: Fault | undefined): void => {
    if (fault) this.#always.set(operation, fault);
    else this.#always.delete(operation);
  };

  readonly carry: Wire = async (request, apply) => {
    const call = this.calls.push(request) - 1;
    const { at = Number.POSITIVE_INFINITY, before = false } = this.#death ?? {};
    if (call > at || (call === at && before)) return never();
    const fault = this.#next.get(request.operation)?.shift() ?? this.#always.get(request.operation);
    const answer = await (fault ? fault(apply, request) : apply());
    return call === at ? never() : answer;
  };
}
