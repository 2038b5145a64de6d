import { InvalidDefinition } from '../contract/errors.ts';
import type { SagaWaitSettings } from '../contract/saga-settings.ts';
import { type SagaDefinition, waitsIn } from '../contract/saga-shape.ts';
import { recordSelection } from './record-selection.ts';

/**
 * What the waiter of a saga is told of the events that it hears.
 *
 * @throws InvalidDefinition when `where` computes, or selects the event as a whole
 */
export function waitSettings({ saga }: SagaDefinition): SagaWaitSettings[] {
  return waitsIn(saga.stages).map(({ name, event, where, within }) => {
    const what = `'${name}' of the saga '${saga.name}', its \`where\`,`;
    const selected = recordSelection(
      (scope: { readonly event: never }) => (where as (event: never) => unknown)(scope.event),
      ['event'],
      what,
    );
    if (selected.kind !== 'reference' || selected.path.length < 2) {
      throw new InvalidDefinition(`${what} selects no field of the event: give e.g. (event) => event.orderId`);
    }
    const { type, version, businessLine, lifetime } = event;
    return { name, event: { type, version, businessLine, lifetime }, where: selected.path.slice(1), within };
  });
}
