import { hash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A charge in the provider's own book. */
export interface BookedCharge {
  readonly id: string;
  /** The key of its request, by which it is found again. */
  readonly reference: string;
  readonly amountCents: number;
}

/**
 * What goes wrong with a request. `late`: it is carried out a while later, also where its sender has gone. `error`: it is carried
 * out, and answered with 500. `lost`: it is carried out, and its reply is lost.
 */
export type Trouble = 'late' | 'error' | 'lost';

/**
 * How far the provider has come with a request. `asked`: it has come. `charged`: it is in the book, and not answered yet. `answered`: it
 * is answered. `told`: somebody was told what became of a charge.
 */
export type ProviderMoment = (typeof PROVIDER_MOMENTS)[number];
export const PROVIDER_MOMENTS = ['asked', 'charged', 'answered', 'told'] as const;

export interface PaymentProviderOptions {
  /** What goes wrong with the n-th request (from 1 on) of a reference. @default `troubleOf` */
  readonly trouble?: (reference: string, nth: number) => Trouble | undefined;
  /** Milliseconds for which it keeps the key of a request: after that, the same key is charged again. @default 10 s */
  readonly keepsKeysMs?: number;
  /** Milliseconds by which a late request is carried out later. @default 1.5 s */
  readonly lateMs?: number;
  /** What keys and late requests go by. @default this machine's own clock */
  readonly clock?: ProviderClock;
}

/** Milliseconds that only rise, and waiting for some. */
export interface ProviderClock {
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

const KEEPS_KEYS_MS = 10_000;
const LATE_MS = 1_500;
const CLOCK: ProviderClock = { now: () => performance.now(), sleep: (milliseconds) => sleep(milliseconds) };
/** Requests that go wrong, of a thousand. */
const SHARES: readonly (readonly [Trouble, perThousand: number])[] = [
  ['late', 20],
  ['error', 10],
  ['lost', 10],
];

/** A few requests in a hundred go wrong, always the same ones. */
export function troubleOf(reference: string, nth: number): Trouble | undefined {
  let left = Number.parseInt(hash('sha256', `${reference} ${nth}`).slice(0, 8), 16) % 1_000;
  for (const [trouble, share] of SHARES) {
    if (left < share) return trouble;
    left -= share;
  }
  return undefined;
}

/**
 * A payment provider as there are many: `PUT /charges/<reference>` charges, and `GET` says what became of it. It keeps the key of
 * a request for a while only, answers some late, some with 500 although it has charged, and of some the reply is lost.
 */
export class PaymentProvider {
  /** Every charge that it has made, in order. */
  readonly book: BookedCharge[] = [];
  /** How often what went wrong. */
  readonly troubles: Record<Trouble, number> = { late: 0, error: 0, lost: 0 };
  /** How often somebody asked what became of a charge. */
  asked = 0;
  /** Is told how far each request has come, at that moment: the provider goes on when it returns. */
  onMoment: (moment: ProviderMoment) => void = () => undefined;
  readonly #options: Required<PaymentProviderOptions>;
  readonly #server: Server;
  readonly #requests = new Map<string, number>();
  readonly #keys = new Map<string, { readonly charge: BookedCharge; readonly until: number }>();
  readonly #underWay = new Map<string, Promise<unknown>>();

  private constructor(options: PaymentProviderOptions) {
    this.#options = { trouble: troubleOf, keepsKeysMs: KEEPS_KEYS_MS, lateMs: LATE_MS, clock: CLOCK, ...options };
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Starts one on a free port of this machine. */
  static async open(options: PaymentProviderOptions = {}): Promise<PaymentProvider> {
    const provider = new PaymentProvider(options);
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when everything that it was asked for is carried out. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reference = decodeURIComponent(/^\/charges\/([^/]+)$/.exec(request.url ?? '')?.[1] ?? '');
    try {
      if (!reference) return answer(response, 404, { error: 'no such path' });
      if (request.method === 'GET') return this.#tell(reference, response);
      if (request.method !== 'PUT') return answer(response, 405, { error: 'PUT charges, GET tells' });
      const { amountCents } = (await json(request)) as { readonly amountCents?: unknown };
      if (typeof amountCents !== 'number' || !Number.isSafeInteger(amountCents) || amountCents < 0) {
        return answer(response, 400, { error: 'amountCents is a whole number from 0' });
      }
      await this.#charge(reference, amountCents, response);
    } catch (error) {
      answer(response, 400, { error: String(error) });
    }
  }

  #tell(reference: string, response: ServerResponse): void {
    this.asked += 1;
    const charge = this.book.find((one) => one.reference === reference);
    if (charge) answer(response, 200, { chargeId: charge.id });
    else answer(response, 404, { error: 'no such charge' });
    this.onMoment('told');
  }

  async #charge(reference: string, amountCents: number, response: ServerResponse): Promise<void> {
    if (this.#underWay.has(reference)) return answer(response, 409, { error: 'a request with this key is under way' });
    const nth = (this.#requests.get(reference) ?? 0) + 1;
    this.#requests.set(reference, nth);
    const trouble = this.#options.trouble(reference, nth);
    if (trouble) this.troubles[trouble] += 1;
    this.onMoment('asked');
    const done = this.#carryOut(reference, amountCents, trouble === 'late' ? this.#options.lateMs : 0);
    this.#underWay.set(reference, done);
    const charge = await done;
    this.#underWay.delete(reference);
    if (trouble === 'lost') response.destroy();
    else if (trouble === 'error') answer(response, 500, { error: 'internal error' });
    else answer(response, 200, { chargeId: charge.id });
    this.onMoment('answered');
  }

  /** Charges, unless it still knows the key. */
  async #carryOut(reference: string, amountCents: number, waitMs: number): Promise<BookedCharge> {
    const { clock, keepsKeysMs } = this.#options;
    if (waitMs > 0) await clock.sleep(waitMs);
    const now = clock.now();
    const kept = this.#keys.get(reference);
    if (kept && now < kept.until) return kept.charge;
    const charge = { id: `ch_${this.book.length + 1}`, reference, amountCents };
    this.book.push(charge);
    this.#keys.set(reference, { charge, until: now + keepsKeysMs });
    this.onMoment('charged');
    return charge;
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
