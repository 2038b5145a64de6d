import type { IConstruct } from 'constructs';
import { CONTROLLER_TAG } from '../framework/controller-tag.ts';
import { pathOf, tagIn } from './emitted.ts';
import type { Rule } from './rule.ts';

export const breakerRights: Rule = {
  id: 'breaker-rights',
  refuses:
    'a subscriber with a breaker whose event source, function or queue has lost the tag by which its controller may control it',
  because: 'Its circuit would open and never close: nobody could switch its event source, or try a message.',
  source: 'docs/breaker.md',
  mend: `Leave the tag \`${CONTROLLER_TAG}\` on the function, its event sources and the queue.`,

  *check({ graph, emitted, sources }) {
    for (const { controllerTag, handler, queue, construct: at, definition } of graph.subscribers) {
      if (!controllerTag) continue;
      const target = emitted.of(handler);
      const mappings = sources.filter((source) => source.function === target).map(({ mapping }) => mapping);
      const controlled = [target, emitted.of(queue), ...mappings].filter((one) => one !== undefined);
      for (const one of controlled) {
        if (tagIn(one, CONTROLLER_TAG) === controllerTag) continue;
        const found = `'${definition.name}' has a breaker, and '${pathOf(one.construct as IConstruct)}' has no tag '${CONTROLLER_TAG}' of its controller`;
        yield { at, found };
      }
    }
  },
};
