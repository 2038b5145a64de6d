/** What an error says: of several at once, as of a host with several addresses, the first; never nothing. */
export function said(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return said(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
