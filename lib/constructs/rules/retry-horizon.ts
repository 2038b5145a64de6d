import { retryHorizon as horizonOf } from '../../contract/retry.ts';
import { retentionOf } from './dead-letter-retention.ts';
import type { Rule } from './rule.ts';

export const retryHorizon: Rule = {
  id: 'retry-horizon',
  refuses:
    'a subscriber whose attempts take longer, waits included, than its queue keeps a message or than one of its events lives',
  because:
    'The message would be gone, or expired, before its last attempt: nobody would be told why it fails, and what takes the ' +
    'idempotency key of an expired message takes effect beside it.',
  source: 'docs/retry.md',
  unknown: 'how long a queue keeps messages, where that is a parameter of the deployment',
  mend: "Give the subscriber's `retry` fewer `attempts` or a shorter `longest`, its queue a longer `retentionPeriod`, or the event a longer `lifetime`.",

  *check({ graph, emitted }) {
    for (const { construct: at, definition, queue } of graph.subscribers) {
      const horizon = horizonOf(definition.retry);
      const shortest = definition.consumes.reduce((one, other) => (other.lifetime < one.lifetime ? other : one));
      const tries = `'${definition.name}' tries a message for ${horizon} s`;
      if (horizon * 1_000 >= shortest.lifetime) {
        yield { at, found: `${tries}, and '${shortest.type}' lives for ${shortest.lifetime / 1_000} s` };
      }
      const own = emitted.of(queue);
      const kept = own && retentionOf(own);
      if (kept === undefined)
        yield {
          at,
          found: `${tries}, and only the deployment knows for how long its queue keeps one`,
          unknown: 'warn',
        };
      else if (horizon >= kept) yield { at, found: `${tries}, and its queue keeps one for ${kept} s` };
    }
  },
};
