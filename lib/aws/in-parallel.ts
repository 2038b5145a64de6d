type Settled<Result> =
  | { readonly source: AsyncIterator<Result>; readonly step: IteratorResult<Result> }
  | { readonly source: AsyncIterator<Result>; readonly error: unknown };

/**
 * Runs over all items with at most `limit` at once, and yields what they yield, as it comes. Each goes on to its next
 * result while that of another is looked at, and no further. The first error is thrown once what was under way has come
 * to rest; nothing more is started after it, nor after the reader has stopped reading.
 */
export async function* inParallel<Item, Result>(
  limit: number,
  items: readonly Item[],
  run: (item: Item) => AsyncGenerator<Result>,
): AsyncGenerator<Result> {
  const underWay = new Map<AsyncIterator<Result>, Promise<Settled<Result>>>();
  const advance = (source: AsyncIterator<Result>) => {
    const settled = source.next().then(
      (step) => ({ source, step }),
      (error: unknown) => ({ source, error }),
    );
    underWay.set(source, settled);
  };
  let started = 0;
  try {
    for (;;) {
      while (underWay.size < limit && started < items.length) advance(run(items[started++] as Item));
      if (underWay.size === 0) return;
      const settled = await Promise.race(underWay.values());
      const { source } = settled;
      if ('error' in settled || settled.step.done) underWay.delete(source);
      if ('error' in settled) throw settled.error;
      if (settled.step.done) continue;
      yield settled.step.value;
      advance(source);
    }
  } finally {
    await Promise.all([...underWay.values()].map(async (settled) => (await settled).source.return?.()));
  }
}
