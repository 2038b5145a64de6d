import type { Rule } from './rule.ts';

export const eventFilter: Rule = {
  id: 'event-filter',
  refuses: "a filter on the queue of a handler, recorder, forwarder or check-back, or on a handler's stream",
  because:
    'What a filter does not match is deleted from the queue, or skipped on the stream, without a trace; malformed ' +
    'messages never match.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html',
  mend: 'Remove the filter: a subscriber skips the event types that it does not consume by itself.',

  *check({ sources }) {
    for (const { role, mapping } of sources) {
      // The relay's own filter lets through every committed message, and keeps the relay from waking on its receipts.
      if (role === 'relay' || !hasFilter(mapping.properties.FilterCriteria)) continue;
      yield { at: mapping.construct, found: 'The event source has a filter' };
    }
  },
};

function hasFilter(criteria: unknown): boolean {
  if (typeof criteria !== 'object' || criteria === null) return false;
  return !('Filters' in criteria && Array.isArray(criteria.Filters) && criteria.Filters.length === 0);
}
