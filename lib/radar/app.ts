import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { streamSSE } from 'hono/streaming';
import { MalformedMessage, WaybillError } from '../contract/errors.ts';
import { ASSETS } from './assets.ts';
import { bucketView } from './bucket-view.ts';
import { type Hour, startOf } from './calendar.ts';
import { type Child, h } from './element.ts';
import { guard, isToken } from './guard.ts';
import { page, SPANS } from './page.ts';
import { radarMap } from './radar-map.ts';
import type { RadarSource } from './radar-source.ts';
import { traceView } from './trace-view.ts';

export interface RadarAppOptions {
  /** The names under which this server may be asked, with its port. They are known once it listens. */
  readonly hosts: () => readonly string[];
  /** What a redrive must bring along: only this server's own pages know it. */
  readonly token: string;
}

const DEFAULT_SPAN = 7;
const LARGEST_BODY = 4_096;
/** Proxies and browsers give up a connection on which nothing comes. */
const HEARTBEAT_MS = 20_000;

/**
 * The radar's pages. Without scripts they are pages and forms; with them, parts of the page are exchanged: the same views
 * are served whole and, under `/part`, as parts.
 */
export function radarApp(source: RadarSource, { hosts, token }: RadarAppOptions): Hono {
  const app = new Hono();
  app.use(guard(hosts));
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (!(error instanceof WaybillError)) return context.text('The ledger could not be read. Try again.\n', 502);
    return context.text(`${error.message}\n`, error instanceof MalformedMessage ? 400 : 404);
  });
  for (const [path, { type, read }] of Object.entries(ASSETS)) {
    app.get(path, (context) => context.body(read(), 200, { 'Content-Type': type }));
  }

  const whole = async (context: Context, panel?: Child) => {
    const days = daysOf(context);
    return context.html(page({ ledger: source.ledger, days, content: await mapOf(source, days), panel }));
  };
  const opened = async (context: Context) => {
    const { line, hour } = placeOf(context);
    return bucketView(await source.bucket(line, hour), token);
  };
  const traced = async (context: Context) => traceView(await source.trace(context.req.param('id') ?? ''));

  app.get('/', (context) => whole(context));
  app.get('/bucket', async (context) => whole(context, await opened(context)));
  app.get('/trace/:id', async (context) => whole(context, await traced(context)));
  app.get('/part/map', async (context) => context.html(String(await mapOf(source, daysOf(context)))));
  app.get('/part/bucket', async (context) => context.html(String(await opened(context))));
  app.get('/part/trace/:id', async (context) => context.html(String(await traced(context))));
  app.get('/api/latency', async (context) => {
    const { line, hour } = placeOf(context);
    return context.json(await source.latency(line, hour));
  });
  app.get('/api/radar', async (context) => context.json(await jsonOf(source, daysOf(context))));
  app.get('/live', (context) =>
    streamSSE(context, async (stream) => {
      const tell = (event: string) => void stream.writeSSE({ event, data: '' });
      const release = source.subscribe(() => tell('changed'));
      const heartbeat = setInterval(tell, HEARTBEAT_MS, 'alive');
      tell('changed');
      if (!stream.aborted) await new Promise<void>((resolve) => stream.onAbort(resolve));
      clearInterval(heartbeat);
      release();
    }),
  );
  app.post('/redrive', bodyLimit({ maxSize: LARGEST_BODY }), async (context) => {
    const form = await context.req.parseBody();
    if (!isToken(form.token, token)) return context.text('This form is not of a page that runs now: reload it.\n', 403);
    const [id, subscriber] = [String(form.id ?? ''), String(form.subscriber ?? '')];
    await source.redrive(id, subscriber);
    const said = `Sent to ${subscriber} again.`;
    if (context.req.header('accept')?.includes('text/plain')) return context.text(said);
    return whole(context, h('p', { role: 'status' }, `${id}: ${said}`));
  });
  return app;
}

async function mapOf(source: RadarSource, days: number): Promise<Child> {
  return radarMap(
    await source.map(days),
    (line, hour) => `/bucket?${new URLSearchParams({ line, hour, days: String(days) })}`,
  );
}

async function jsonOf(source: RadarSource, days: number) {
  const { now, lines } = await source.map(days);
  const counts = Object.fromEntries([...lines].map(([line, hours]) => [line, Object.fromEntries(hours)]));
  return { ledger: source.ledger, now, days, lines: counts };
}

function daysOf(context: Context): number {
  const days = Number(context.req.query('days') ?? DEFAULT_SPAN);
  return SPANS.find((span) => span === days) ?? DEFAULT_SPAN;
}

/** There is no such place on the map. */
class NoSuchPlace extends WaybillError {
  readonly code = 'no-such-place';
}

function placeOf(context: Context): { readonly line: string; readonly hour: Hour } {
  const { line = '', hour = '' } = context.req.query();
  if (startOf(hour) === undefined) throw new NoSuchPlace('An hour is given as 2026-11-23T08, UTC');
  return { line, hour };
}
