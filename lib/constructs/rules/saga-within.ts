import { retryHorizon } from '../../contract/retry.ts';
import { type SagaStep, stepsIn, waitsIn } from '../../contract/saga-shape.ts';
import type { DeployedSaga } from './deployment-graph.ts';
import type { Finding, Rule } from './rule.ts';

export const sagaWithin: Rule = {
  id: 'saga-within',
  refuses: 'a step of a saga that may take less time (`within`) than it has by its deadline',
  because: 'The saga would be undone while the step is still in time.',
  source: 'docs/sagas.md',
  mend: 'Give the step a longer `within` in the saga, or a shorter `deadline`.',

  *check({ graph }) {
    for (const saga of graph.sagas) {
      yield* findings(saga, ({ deadline }) => deadline, 'is in time for');
    }
  },
};

export const sagaRetries: Rule = {
  id: 'saga-retries',
  severity: 'warning',
  refuses: 'a step of a saga that may take less time (`within`) than its attempts do, waits included',
  because: 'Its command expires before the last attempt: the saga is undone though another attempt may have helped.',
  source: 'docs/sagas.md',
  mend: 'Give the step a longer `within` in the saga, or its `retry` fewer `attempts` or a shorter `longest`.',

  *check({ graph }) {
    for (const saga of graph.sagas) yield* findings(saga, ({ retry }) => retryHorizon(retry) * 1_000, 'is tried for');
  },
};

export const sagaWait: Rule = {
  id: 'saga-wait',
  severity: 'warning',
  refuses: 'a saga that may wait for an event for longer than an execution takes until it is `tooOld`',
  because: 'Its alarm rings while all is well, and nobody heeds it when something is wrong.',
  source: 'docs/sagas.md',
  mend: 'Give the construct a `tooOld` that is longer than the saga waits.',

  *check({ graph }) {
    for (const { construct: at, definition, tooOldSeconds } of graph.sagas) {
      const { name, stages } = definition.saga;
      const waits = waitsIn(stages).reduce((sum, { within }) => sum + within / 1_000, 0);
      if (waits < tooOldSeconds) continue;
      yield { at, found: `The saga '${name}' may wait for ${waits} s, and is too old after ${tooOldSeconds} s` };
    }
  },
};

type Step = SagaStep['step'];

function* findings(
  { construct: at, definition }: DeployedSaga,
  needs: (step: Step) => number,
  what: string,
): Iterable<Finding> {
  for (const { name, step, within } of stepsIn(definition.saga.stages)) {
    const least = needs(step);
    if (within >= least) continue;
    yield {
      at,
      found: `'${name}' of the saga '${definition.saga.name}' may take ${within / 1_000} s, and ${what} ${least / 1_000} s`,
    };
  }
}
