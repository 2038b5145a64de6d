import type { Bug } from './bug.ts';

/** A mistake of sagas, and the plans of `scripts/saga/trip-plan.ts` of which one shows it. */
export interface SagaBug extends Pick<Bug, 'name' | 'mistake' | 'edits'> {
  readonly seeds: readonly number[];
}

/** Mistakes by which a saga is left half done, or done twice, or stuck without anybody's knowing. */
export const sagaBugs: readonly SagaBug[] = [
  {
    name: 'saga-second-run',
    mistake: 'a second command has a step take effect again',
    seeds: [7],
    edits: [
      {
        file: 'saga/consume-step.ts',
        find: "tx.accompany(stepAction(ledger, place, { state: 'done', ...asked, output }, ['absent', 'running']));",
        replace:
          "tx.accompany(stepAction(ledger, place, { state: 'done', ...asked, output }, ['absent', 'running', 'done']));",
      },
    ],
  },
  {
    name: 'saga-second-undo',
    mistake: 'a second command has a step undone again',
    seeds: [27],
    edits: [
      {
        file: 'saga/undo-step.ts',
        find: "if (row?.state === 'done' || Object.keys(effects).length > 0) {",
        replace: "if (row?.state === 'done' || row?.state === 'undone' || Object.keys(effects).length > 0) {",
      },
      {
        file: 'saga/undo-step.ts',
        find: "['running', 'refused', 'done']));",
        replace: "['running', 'refused', 'done', 'undone']));",
      },
    ],
  },
  {
    name: 'saga-without-tombstone',
    mistake: 'a step that comes after its undoing takes effect',
    seeds: [10],
    edits: [
      {
        file: 'saga/undo-step.ts',
        find: "tx.accompany(stepAction(ledger, place, { state: 'void', ...kept }, [from]));",
        replace: "if (row) tx.accompany(stepAction(ledger, place, { state: 'void', ...kept }, [from]));",
      },
      {
        file: 'saga/reply.ts',
        find: "if (kind === 'undo' && isUndone) return",
        replace: "if (kind === 'undo' && (isUndone || !row)) return",
      },
    ],
  },
  {
    name: 'saga-spares-what-failed',
    mistake: 'the step that failed is not undone itself',
    seeds: [5],
    edits: [
      {
        file: 'machine/compile.ts',
        find: 'const compensate = this.#undoFrom(last);',
        replace: 'const compensate = this.#undoFrom(last - 1);',
      },
    ],
  },
  {
    name: 'saga-token-on-the-wire',
    mistake: 'the token of a task travels in its message',
    seeds: [1],
    edits: [
      {
        file: 'machine/message-item.ts',
        find: 'ledger: text(table),\n    data,',
        replace:
          "ledger: text(table),\n    ...(message.answers && { tasktoken: '$states.context.Task.Token' }),\n    data,",
      },
    ],
  },
  {
    name: 'saga-left-by-its-execution',
    mistake: 'an execution that was stopped is not unwound',
    seeds: [1],
    edits: [
      {
        file: 'saga/keeper.ts',
        find: 'for (const one of ended) await unwind(ledger, stepFunctions, settings, one, counts);',
        replace: 'void unwind; void counts;',
      },
    ],
  },
  {
    name: 'saga-effects-of-a-message',
    mistake: 'the effects of a step belong to its message, so that a second command charges again',
    seeds: [19],
    edits: [
      {
        file: 'saga/commands.ts',
        find: 'id: stepEffectsId(execution, name, kind),',
        replace: "id: stepEffectsId(execution, name, kind) + (kind === 'run' ? '/' + envelope.id : ''),",
      },
    ],
  },
  {
    name: 'saga-gives-up-undoing',
    mistake: 'an undo that keeps failing is passed over',
    seeds: [10],
    edits: [
      {
        file: 'machine/compile.ts',
        find: "Catch: [{ ErrorEquals: ['States.ALL'], Assign: STUCK, Output: {}, Next: stuck }],",
        replace: "Catch: [{ ErrorEquals: ['States.ALL'], Assign: STUCK, Output: {}, Next }],",
      },
    ],
  },
  {
    name: 'saga-stuck-in-silence',
    mistake: 'nobody is told of what is stuck',
    seeds: [10],
    edits: [
      {
        file: 'saga/keeper.ts',
        find: 'metrics.count(METRICS.sagaStuck(saga), stuck);',
        replace: 'void stuck;',
      },
    ],
  },
  {
    name: 'saga-ends-twice',
    mistake: 'the end of a saga is published again by each try of its task',
    seeds: [2],
    edits: [
      {
        file: 'machine/end-state.ts',
        find: ", 'attribute_not_exists(pk)');",
        replace: ", 'attribute_exists(pk) OR attribute_not_exists(pk)');",
      },
    ],
  },
];
