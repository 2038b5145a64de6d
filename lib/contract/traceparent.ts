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
