import { LONGEST_OPEN_SECONDS, PROBE_SECONDS } from '../../contract/breaker.ts';
import { retentionOf } from './dead-letter-retention.ts';
import { numberIn } from './emitted.ts';
import { timeoutOf } from './event-source.ts';
import type { Rule } from './rule.ts';

export const breakerHorizon: Rule = {
  id: 'breaker-horizon',
  refuses:
    'a subscriber with a breaker whose messages are kept, or live, for no longer than its circuit may stay open between two ' +
    'tries, which is 15 minutes',
  because: 'What waits for the circuit would be gone, or expired, before anything is tried: an outage would bury it.',
  source: 'docs/breaker.md',
  mend: 'Give its queue a longer `retentionPeriod`, the event a longer `lifetime`, or the event source of its stream a longer `maxRecordAge`.',

  *check({ graph, emitted, sources }) {
    for (const { construct: at, controllerTag, definition, queue, handler } of graph.subscribers) {
      if (!controllerTag) continue;
      const waits = `'${definition.name}' may wait for ${LONGEST_OPEN_SECONDS} s`;
      for (const { type, lifetime } of definition.consumes) {
        if (lifetime <= LONGEST_OPEN_SECONDS * 1_000)
          yield { at, found: `${waits}, and '${type}' lives for ${lifetime / 1_000} s` };
      }
      const own = emitted.of(queue);
      const kept = own && retentionOf(own);
      if (kept !== undefined && kept <= LONGEST_OPEN_SECONDS)
        yield { at, found: `${waits}, and its queue keeps a message for ${kept} s` };
      const target = emitted.of(handler);
      for (const { kind, mapping, function: source } of sources) {
        if (kind !== 'stream' || source !== target) continue;
        const age = numberIn(mapping.properties.MaximumRecordAgeInSeconds, -1) ?? -1;
        if (age >= 0 && age <= LONGEST_OPEN_SECONDS)
          yield { at, found: `${waits}, and its stream's records are given up after ${age} s` };
      }
    }
  },
};

export const probeTime: Rule = {
  id: 'probe-time',
  refuses: `a subscriber with a breaker whose function may take longer for one message than the ${PROBE_SECONDS} s that a probe has`,
  because:
    'A handler that takes as long would never prove that what it depends on is well: its circuit would stay open.',
  source: 'docs/breaker.md',
  mend: "Give the function a shorter timeout: no message is given longer than the function's timeout anyway.",

  *check({ graph, emitted }) {
    for (const { construct: at, controllerTag, definition, handler } of graph.subscribers) {
      const own = controllerTag === undefined ? undefined : emitted.of(handler);
      const timeout = own && timeoutOf(own);
      if (timeout === undefined || timeout <= PROBE_SECONDS) continue;
      yield { at, found: `'${definition.name}' has a breaker, and its function may take ${timeout} s` };
    }
  },
};
