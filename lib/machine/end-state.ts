import { InvalidDefinition } from '../contract/errors.ts';
import type { EventDefinition } from '../contract/event.ts';
import type { SagaEnd } from '../contract/saga-shape.ts';
import { SAGA_PREFIX } from '../ledger/rows/layout.ts';
import { SAGA_END, SAGA_ROWS_MS } from '../ledger/rows/saga.ts';
import { jsonata, SAGA_EXECUTION, selectedExpression } from './expression.ts';
import { messageItem, TRANSACT_WRITE_ITEMS, text, withNewMessage } from './message-item.ts';
import { placeIn, recordSelection, type Selected } from './record-selection.ts';
import type { State } from './states.ts';

interface EndOptions {
  readonly saga: string;
  readonly table: string;
  readonly state: 'completed' | 'compensated';
  readonly end: SagaEnd | undefined;
  /** The names of what may be selected. */
  readonly known: readonly string[];
  /** The saga's business key. */
  readonly key: (input: never) => string;
}

/**
 * The states that end an execution: one task writes how it ended, once, with the message that says so. Where that is known
 * to be written, or to have been written before, the execution succeeds.
 */
export function endState(options: EndOptions): Record<string, State> {
  const { state } = options;
  const written = `${state} before`;
  const pause = `${state} later`;
  const writes = writesOf(options);
  const task: State = {
    Type: 'Task',
    Resource: TRANSACT_WRITE_ITEMS,
    Arguments: { TransactItems: jsonata(withNewMessage(`[${writes.join(', ')}]`)) },
    TimeoutSeconds: 30,
    Retry: [
      {
        ErrorEquals: ['States.TaskFailed', 'States.Timeout'],
        IntervalSeconds: 1,
        MaxAttempts: 3,
        BackoffRate: 2,
        MaxDelaySeconds: 10,
        JitterStrategy: 'FULL',
      },
    ],
    Catch: [
      {
        ErrorEquals: ['States.ALL'],
        Assign: { sagaEnd: jsonata("$states.errorOutput.Cause ? $states.errorOutput.Cause : ''") },
        Output: {},
        Next: written,
      },
    ],
    Output: { state },
    End: true,
  };
  const isWritten = jsonata("$contains($sagaEnd, 'ConditionalCheckFailed')");
  return {
    [state]: task,
    [written]: { Type: 'Choice', Choices: [{ Condition: isWritten, Next: `${state} already` }], Default: pause },
    [`${state} already`]: { Type: 'Succeed', Output: { state } },
    [pause]: { Type: 'Wait', Seconds: 60, Next: state },
  };
}

function writesOf(options: EndOptions): string[] {
  const { table, state, end } = options;
  const put = (item: string, condition?: string) =>
    `{"Put": {"TableName": ${text(table)}, "Item": ${item}${condition ? `, "ConditionExpression": ${text(condition)}` : ''}}}`;
  const once = put(endRow(state, end !== undefined), 'attribute_not_exists(pk)');
  return end ? [once, put(endMessage(options, end))] : [once];
}

function endRow(state: string, publishes: boolean): string {
  const columns = {
    pk: `${text(SAGA_PREFIX)} & ${SAGA_EXECUTION}`,
    sk: text(SAGA_END),
    state: text(state),
    ...(publishes && { message: '$id' }),
  };
  const texts = Object.entries(columns).map(([name, value]) => `"${name}": {"S": ${value}}`);
  const ttl = `$string($ceil($now / 1000) + ${SAGA_ROWS_MS / 1000})`;
  return `{${[...texts, '"at": {"N": $string($now)}', `"ttl": {"N": ${ttl}}`].join(', ')}}`;
}

function endMessage({ saga, table, state, known, key }: EndOptions, { event, select }: SagaEnd): string {
  const what = `The end '${state}' of the saga '${saga}'`;
  const selected = recordSelection(select, known, what);
  refuseOtherKey(what, event, selected, key);
  const { type, version, businessLine, lifetime } = event;
  const data = selectedExpression(selected);
  return messageItem({ type, version, businessLine, lifetime, data, table, saga, answers: false });
}

/** Its id has the tail of the saga's business key, by which it is found. */
function refuseOtherKey(what: string, event: EventDefinition, selected: Selected, key: EndOptions['key']): void {
  const ofSaga = keyPlace(key, ['input']);
  const ofEvent = keyPlace(event.key, []);
  const given = ofEvent && placeIn(selected, ofEvent);
  if (given && ofSaga && given.join('.') === ofSaga.join('.')) return;
  throw new InvalidDefinition(
    `${what} publishes '${event.type}', whose business key is ${given ? `'${given.join('.')}'` : 'computed'}, and the saga's is ${ofSaga ? `'${ofSaga.join('.')}'` : 'computed'}: give both the same field for a key, or publish it in the last step`,
  );
}

/** The place of a business key in a payload; `undefined` where it is computed. */
function keyPlace(key: (payload: never) => string, root: readonly string[]): readonly string[] | undefined {
  try {
    const selected = recordSelection(
      (scope: { readonly payload: never }) => key(scope.payload),
      ['payload'],
      'A business key',
    );
    return selected.kind === 'reference' ? [...root, ...selected.path.slice(1)] : undefined;
  } catch (error) {
    if (error instanceof InvalidDefinition) return undefined;
    throw error;
  }
}
