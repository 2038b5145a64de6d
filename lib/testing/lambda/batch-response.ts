/** The end of a batch: all of it succeeded or failed, or only the records with these ids failed. */
export type Verdict = 'succeeded' | 'failed' | ReadonlySet<string>;

/**
 * Judges what a function answered to a batch, as Lambda does: without `ReportBatchItemFailures` whatever is returned means
 * success; with it, an empty answer means success, and one that is malformed or names a record that is not in the batch
 * means that all of it failed.
 *
 * @param ids of the batch's records: message ids, or sequence numbers
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function judge(answer: unknown, ids: ReadonlySet<string>, reportsFailures: boolean): Verdict {
  if (!reportsFailures || answer === undefined || answer === null) return 'succeeded';
  if (typeof answer !== 'object') return 'failed';
  const { batchItemFailures } = answer as { readonly batchItemFailures?: unknown };
  if (batchItemFailures === undefined || batchItemFailures === null) return 'succeeded';
  if (!Array.isArray(batchItemFailures)) return 'failed';
  const failed = batchItemFailures.map((failure: { readonly itemIdentifier?: unknown } | null) =>
    String(failure?.itemIdentifier ?? ''),
  );
  if (failed.some((id) => !ids.has(id))) return 'failed';
  return failed.length === 0 ? 'succeeded' : new Set(failed);
}
