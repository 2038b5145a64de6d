import { InvalidDefinition } from '../contract/errors.ts';
import type { Selected } from './record-selection.ts';

/** A JSONata expression as Step Functions reads it from a definition. */
export function jsonata(expression: string): string {
  return `{% ${expression} %}`;
}

/** The variable of a state machine that holds a step's answer. */
export function answerVariable(step: string): string {
  return `${step}Answer`;
}

/** The variable that holds why the saga is undone. */
export const FAILURE_VARIABLE = 'sagaFailure';

/** Where the starter puts the saga's input and what each message needs of the first one. */
export const EXECUTION_INPUT = '$states.context.Execution.Input';

/** JSONata that makes what was selected. */
export function selectedExpression(selected: Selected): string {
  switch (selected.kind) {
    case 'reference':
      return referenceExpression(selected.path);
    case 'literal':
      return JSON.stringify(selected.value);
    case 'object': {
      const fields = selected.fields.map(([name, inner]) => `${JSON.stringify(name)}: ${selectedExpression(inner)}`);
      return `{${fields.join(', ')}}`;
    }
  }
}

function referenceExpression([root = '', ...path]: readonly string[]): string {
  const start =
    root === 'input' ? `${EXECUTION_INPUT}.input` : `$${root === 'failure' ? FAILURE_VARIABLE : answerVariable(root)}`;
  return path.reduce((expression, field) => `${expression}${fieldExpression(field)}`, start);
}

function fieldExpression(field: string): string {
  if (/^\d+$/.test(field)) return `[${field}]`;
  if (field.includes('`'))
    throw new InvalidDefinition(`A field called '${field}' cannot be selected: JSONata quotes by \``);
  return `.\`${field}\``;
}

/** The execution that a message belongs to: the machine's own, or the one that an unwinding execution was started for. */
export const SAGA_EXECUTION = '$substring($states.context.Execution.Name, 0, 36)';

/** Hexadecimal digits of a shard and a key's hash in the tail of a message id. */
const TAIL_AT = 32;

/**
 * JSONata that binds what a new message needs: `$now`, `$minute`, `$id`, of the saga's own shard. The id is a UUIDv7 as
 * `mintMessageId` makes it: its tail is that of the first message, whose business key it has.
 */
export const NEW_MESSAGE = [
  '$now := $millis()',
  "$hex := $pad($formatBase($now, 16), -12, '0')",
  "$noise := $replace($uuid(), '-', '')",
  `$id := $substring($hex, 0, 8) & '-' & $substring($hex, 8) & '-7' & $substring($noise, 0, 3) & '-8' & $substring($noise, 3, 3) & '-' & $substring($noise, 6, 6) & $substring($noise, 17, 2) & $substring($states.context.Execution.Name, ${TAIL_AT}, 4)`,
  '$minute := $substring($fromMillis($now), 0, 16)',
].join('; ');

/** JSONata of a new span in the trace of the saga's first message. */
export const TRACEPARENT = `'00-' & ${EXECUTION_INPUT}.trace & '-' & $substring($replace($uuid(), '-', ''), 0, 16) & '-01'`;
