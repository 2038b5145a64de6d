import { timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

/** Nothing from elsewhere, nothing inline, and nobody may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // Without any, a form's own origin would be hidden from this server too.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

/**
 * Answers only requests that name this server as their host: a foreign name that was made to lead to loopback (DNS
 * rebinding) would have the browser treat the foreign page as the radar's own. Requests that another site's page has the
 * browser make are refused as well, and every answer says what the browser may load.
 *
 * @param hosts of this server, with its port
 */
export function guard(hosts: () => readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host')?.toLowerCase() ?? '';
    if (!hosts().includes(host)) return context.text('This server answers on loopback only.\n', 421, HEADERS);
    const origin = context.req.header('origin');
    const isForeign = origin !== undefined && !hosts().some((own) => origin === `http://${own}`);
    const site = context.req.header('sec-fetch-site');
    const isNavigation = context.req.header('sec-fetch-mode') === 'navigate' && context.req.method === 'GET';
    if (isForeign || (site && !['same-origin', 'none'].includes(site) && !isNavigation)) {
      return context.text('This server answers its own pages only.\n', 403, HEADERS);
    }
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
  };
}

/** Whether the token is the expected one, in a time that does not tell how much of it is right. */
export function isToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
