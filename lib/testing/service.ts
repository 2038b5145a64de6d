import { AsyncLocalStorage } from 'node:async_hooks';
import { directWire, type Wire } from './engines/index.ts';

/** What a service does, and whether it keeps keys. */
export interface TestServiceOptions<Input, Answer> {
  /** Does what a request asks for, and answers. `count`: how often it has done so, this time included. */
  does(input: Input, count: number): Answer;
  /** Whether a second request with the same key is answered as the first one was. @default false */
  readonly keepsKeys?: boolean;
}

/** A service, whatever it is asked for. */
export type AnyTestService = TestService<never, unknown> | TestService;

/** Something that a service has done. */
export interface ServiceEntry<Input = unknown, Answer = unknown> {
  /** The key or reference of the request. */
  readonly key: string;
  readonly input: Input;
  readonly answer: Answer;
}

/** How the requests of one process reach services, and whose books those are. */
export interface ServiceCarrier {
  readonly wire: Wire;
  readonly books: ServiceBooks;
}

/** The books of services in one world. */
export class ServiceBooks {
  readonly #books = new Map<object, ServiceEntry[]>();

  of(service: object): ServiceEntry[] {
    const book = this.#books.get(service) ?? [];
    this.#books.set(service, book);
    return book;
  }
}

const carriers = new AsyncLocalStorage<ServiceCarrier>();
const alone: ServiceCarrier = { wire: directWire, books: new ServiceBooks() };

/** Runs what belongs to a process: all requests to services that come of it go by its carrier. */
export function carryingRequests<Result>(carrier: ServiceCarrier, run: () => Result): Result {
  return carriers.run(carrier, run);
}

/** By which the requests of the process go that runs now. */
export function carrierNow(): ServiceCarrier {
  return carriers.getStore() ?? alone;
}

/**
 * A service outside with a book of its own, such as a payment provider, for tests of `message.effect`. In `certify` its
 * requests go astray, come late and are answered in vain as those to AWS do, and each simulated run has a book of its own;
 * elsewhere it answers at once.
 *
 * @example
 * const provider = new TestService('payment-provider', { does: (order: Order, count) => ({ id: `ch_${count}` }) });
 * const handler = takePayment(provider); // its `run` calls provider.request(key, order), its `verify` provider.find(key)
 * await certify({ …, services: [provider] });
 */
export class TestService<Input = unknown, Answer = unknown> {
  readonly name: string;
  readonly #options: TestServiceOptions<Input, Answer>;

  constructor(name: string, options: TestServiceOptions<Input, Answer>) {
    this.name = name;
    this.#options = options;
  }

  /** What it has done, in order: of the simulated run that asks, else of this process. */
  get entries(): readonly ServiceEntry<Input, Answer>[] {
    return this.#book();
  }

  /**
   * Asks for what the service does.
   *
   * @throws whatever the signal is aborted with
   */
  async request(key: string, input: Input, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Answer> {
    const sent = this.#send('ServiceRequest', { key, service: this.name }, () => {
      const { keepsKeys = false, does } = this.#options;
      const book = this.#book();
      const known = keepsKeys ? book.find((entry) => entry.key === key) : undefined;
      const entry = known ?? { key, input, answer: does(input, book.length + 1) };
      if (!known) book.push(entry);
      return { answer: entry.answer };
    });
    return (await (signal ? unlessAborted(sent, signal) : sent)).answer;
  }

  /** Asks what became of a request, as far as the service has seen it. */
  async find(key: string): Promise<Answer | undefined> {
    const { answer } = await this.#send('ServiceQuery', { key }, () => {
      const known = this.#book().find((entry) => entry.key === key);
      return { answer: known?.answer as Answer };
    });
    return answer;
  }

  #book(): ServiceEntry<Input, Answer>[] {
    const { books } = carriers.getStore() ?? alone;
    return books.of(this) as ServiceEntry<Input, Answer>[];
  }

  #send(
    operation: string,
    input: object,
    apply: () => { readonly answer: Answer },
  ): Promise<{ readonly answer: Answer }> {
    const carrier = carriers.getStore() ?? alone;
    // Whoever carries it out does so on behalf of the process that asks.
    const request = { service: this.name, operation, input };
    return carrier.wire(request, () => carriers.run(carrier, apply)) as Promise<{ readonly answer: Answer }>;
  }
}

function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
