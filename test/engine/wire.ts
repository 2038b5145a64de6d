import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Forward, Input, Reply } from './wire-call.ts';
import { FAULTS, type Fault } from './wire-faults.ts';

/** A call that went over the wire. */
export interface PassedCall extends Call {
  readonly fault?: Fault;
  /** 0 when the connection was cut instead of an answer. */
  readonly status: number;
}

/** Says what befalls a call; `undefined` lets it pass. */
export type FaultPlan = (call: Call) => Fault | undefined;

/** A call that waits on the wire until the test decides what becomes of it. */
export interface HeldCall extends Call {
  /** Has the engine carry it out; its caller does not hear of it yet. */
  forward(): Promise<void>;
  /** Lets it go its way: the caller gets the answer, forwarded now if it has not been. */
  release(): void;
  /** Cuts the connection: the caller never hears. What was not forwarded never happens. */
  cut(): void;
}

/** Narrows what is held or counted. */
export type CallFilter = (call: Call) => boolean;

interface Hold {
  readonly filter: CallFilter;
  readonly take: (call: HeldCall) => void;
}

/**
 * The network between programs and the engine: an HTTP proxy on the loopback interface that counts calls and meddles with
 * them.
 */
export class Wire {
  /** What befalls calls. @default nothing */
  plan: FaultPlan = () => undefined;
  /** Every call that was answered or cut, in that order. */
  readonly calls: PassedCall[] = [];
  readonly #engine: URL;
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #server = http.createServer((request, response) => this.#serve(request, response));
  readonly #holds: Hold[] = [];
  #open = 0;
  #lastUse = performance.now();

  private constructor(engine: string) {
    this.#engine = new URL(engine);
  }

  /** Opens a wire to the engine on a free port. */
  static async to(engine: string): Promise<Wire> {
    const wire = new Wire(engine);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  /** Where DynamoDB, SQS and Kinesis are called. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The URL of one of the engine's queues, on this wire: the SDK calls SQS where the queue's URL points. */
  queueUrl(url: string): string {
    return `${this.endpoint}${new URL(url).pathname}`;
  }

  /** Holds the next call that the filter takes. */
  hold(filter: CallFilter): Promise<HeldCall> {
    return new Promise((take) => this.#holds.push({ filter, take }));
  }

  /** How many calls were made. */
  count(filter: (call: PassedCall) => boolean): number {
    return this.calls.filter(filter).length;
  }

  /** Resolves once nobody has used the wire for some time. */
  async quiet(milliseconds: number): Promise<void> {
    for (;;) {
      const idle = this.#open > 0 ? 0 : performance.now() - this.#lastUse;
      if (idle >= milliseconds) return;
      await sleep(milliseconds - idle + 1);
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.#open++;
    try {
      const body = await readAll(request);
      const call = callOf(request, body);
      const forward = (input: Input) => this.#forward(request, input === call.input ? body : encode(input));
      const fault = this.plan(call);
      const reply = await this.#answer(call, forward, fault);
      this.calls.push({ ...call, ...(fault && { fault }), status: reply?.status ?? 0 });
      if (reply) send(response, reply);
      else cut(response);
    } catch {
      // The caller has gone, or the engine: whoever is left sees a broken connection.
      cut(response);
    } finally {
      this.#open--;
      this.#lastUse = performance.now();
    }
  }

  async #answer(call: Call, forward: Forward, fault: Fault | undefined): Promise<Reply | undefined> {
    const place = this.#holds.findIndex(({ filter }) => filter(call));
    const [hold] = place < 0 ? [] : this.#holds.splice(place, 1);
    if (hold) return holdBack(call, forward, hold);
    return fault ? FAULTS[fault](call, forward) : forward(call.input);
  }

  #forward({ method, url, headers }: http.IncomingMessage, body: Buffer): Promise<Reply> {
    // An engine's queue answers to its own URL only.
    const own = Buffer.from(body.toString('latin1').replaceAll(this.endpoint, this.#engine.origin), 'latin1');
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#engine;
      const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name));
      const target = { hostname, port, path: url, method, agent: this.#agent };
      const onward = http.request({ ...target, headers: Object.fromEntries(kept) }, (answer) => {
        const status = answer.statusCode ?? 502;
        readAll(answer).then((body) => resolve({ status, headers: answer.headers, body }), reject);
      });
      onward.on('error', reject).end(own);
    });
  }
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
]);

function callOf({ headers }: http.IncomingMessage, body: Buffer): Call {
  const operation = String(headers['x-amz-target'] ?? '').replace(/^.*\./, '');
  // Powertools adds its own name to the application's.
  const by = /\bapp\/(\S+?)(?:-PT-\S*)?(?:\s|$)/.exec(String(headers['user-agent'] ?? ''))?.[1] ?? '';
  return { by, operation, input: operation ? JSON.parse(body.toString()) : {} };
}

function holdBack(call: Call, forward: Forward, hold: Hold): Promise<Reply | undefined> {
  return new Promise((answer, fail) => {
    let forwarded: Promise<Reply> | undefined;
    const carryOut = () => {
      forwarded ??= forward(call.input);
      return forwarded;
    };
    hold.take({
      ...call,
      forward: async () => void (await carryOut()),
      release: () => void carryOut().then(answer, fail),
      cut: () => answer(undefined),
    });
  });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function encode(input: Input): Buffer {
  return Buffer.from(JSON.stringify(input));
}

function send(response: http.ServerResponse, { status, headers, body }: Reply): void {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name));
  const fields = { ...Object.fromEntries(kept), 'content-length': body.length };
  response.writeHead(status, fields).end(body);
}

function cut(response: http.ServerResponse): void {
  response.socket?.destroy();
}
