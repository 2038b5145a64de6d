import { retryHorizon as horizonOf } from '../../contract/retry.ts';
import { pathOf } from './emitted.ts';
import type { Rule } from './rule.ts';

export const effectHorizon: Rule = {
  id: 'effect-horizon',
  refuses:
    'a subscriber that may try a message for longer, waits included, than the service behind one of its effects keeps the key of ' +
    'a request (`idempotentFor`, less the time by which clocks may differ)',
  because:
    'What is tried after that ends as dead with `effect-unknown`, since the service might do it once more: an outage that the ' +
    'attempts are meant to outlast would bury it.',
  source: 'docs/effects.md',
  mend: "Give the subscriber's `retry` fewer `attempts` or a shorter `longest`; or leave `idempotentFor` out, and have the effect called with `verify`.",

  *check({ graph }) {
    for (const { construct: at, definition } of graph.subscribers) {
      const horizon = horizonOf(definition.retry);
      for (const { name, idempotentFor, clockSkew } of definition.effects) {
        if (idempotentFor === undefined) continue;
        const kept = Math.floor((idempotentFor - clockSkew) / 1_000);
        if (horizon < kept) continue;
        yield {
          at,
          found: `'${definition.name}' tries a message for ${horizon} s, and the key of its effect '${name}' is sure for ${kept} s`,
        };
      }
    }
  },
};

export const keyedEffectCancel: Rule = {
  id: 'keyed-effect-cancel',
  severity: 'warning',
  refuses:
    'a subscriber that has an effect by `idempotentFor` alone, on a ledger whose messages somebody may cancel (`grantCancel`)',
  because:
    'Nobody asks whether such an effect was done: once it has begun, its message can be cancelled no more, also where the service ' +
    'has refused it, and `cancel` answers `begun`.',
  source: 'docs/effects.md',
  mend:
    'Have the effect called with `verify` in place of `idempotentFor`; or acknowledge that a cancellation is too late once the ' +
    'service has been asked.',

  *check({ graph }) {
    for (const { construct: at, definition, channel } of graph.subscribers) {
      const canceller = graph.cancellers.find(({ ledger }) => ledger === channel.ledger);
      if (!canceller) continue;
      const who = pathOf(canceller.canceller);
      for (const { name, mode } of definition.effects) {
        if (mode !== 'keyed') continue;
        yield {
          at,
          found: `'${definition.name}' has the effect '${name}' by its key alone, and '${who}' may cancel its messages`,
        };
      }
    }
  },
};
