import type { RunState } from '../run/run-state.ts';
import type { System } from '../system.ts';
import type { Violation } from './violation.ts';

/** E: a service outside has done each thing once, by its own book. */
export function checkServices({ services = [] }: Pick<System, 'services'>, done: RunState['done']): Violation[] {
  return services.flatMap((service) => {
    const byKey = Map.groupBy(done(service), ({ key }) => key);
    return [...byKey]
      .filter(([, entries]) => entries.length > 1)
      .map(
        ([key, { length }]): Violation => ({ invariant: 'E', what: `${service.name} did '${key}' ${length} times` }),
      );
  });
}
