/** Reports without failing the business: what a log or a metric sink throws is dropped. */
export function quietly(report: () => void): void {
  try {
    report();
  } catch {
    // A full disk behind stdout, or a metric library that refuses a value, must not turn a done batch into a failed one.
  }
}
