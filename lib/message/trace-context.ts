/** Version `ff` and ids of zeros only are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Whether the value is a W3C `traceparent`. @see https://www.w3.org/TR/trace-context/#traceparent-header */
export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value);
}

/** A new span of the parent's trace, with its sampling flag; without a parent, a new sampled trace. */
export function childTraceparent(parent: string | undefined, random: (bytes: number) => Uint8Array): string {
  const span = nonZeroHex(random(8));
  if (!parent) return `00-${nonZeroHex(random(16))}-${span}-01`;
  const [, trace, , flags] = parent.split('-');
  return `00-${trace}-${span}-${flags}`;
}

/** An id of zeros only is invalid in W3C trace context. */
function nonZeroHex(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return /^0+$/.test(hex) ? `${hex.slice(0, -1)}1` : hex;
}

/**
 * The X-Ray header that continues a W3C trace: `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0 or 1>`.
 *
 * @param traceparent a valid one
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function traceHeader(traceparent: string): string {
  const [, trace = '', parent, flags = '0'] = traceparent.split('-');
  const sampled = Number.parseInt(flags, 16) & 1;
  return `Root=1-${trace.slice(0, 8)}-${trace.slice(8)};Parent=${parent};Sampled=${sampled}`;
}
