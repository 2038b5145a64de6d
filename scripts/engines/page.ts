import { type Case, caseId, type Suite } from '../../test/conformance/case.ts';
import type { Expectations } from '../../test/conformance/expectations.ts';
import { type EngineRun, tally } from './engine-run.ts';

export const WORDS = { right: 'right', wrong: '**wrong**', unsupported: '–' } as const;

/** An engine's column of the page. */
export interface PageColumn extends Pick<EngineRun, 'name' | 'title' | 'version' | 'outcomes'> {
  /** When it was asked: ISO 8601, without the time. */
  readonly date: string;
}

/**
 * The page that says what each engine does of what AWS documents, in Markdown.
 * @param expectations why an engine is wrong, by its name
 */
export function enginesPage(
  suites: readonly Suite[],
  runs: readonly PageColumn[],
  expectations: (engine: string) => Expectations,
): string {
  return `${[
    '# Engines',
    'Written by `npm run test:engines`: change the suite in `test/conformance`, not this page.',
    `What Waybill rests on is asked of engines that were made independently of each other, in ${count(suites)} cases. Each
case states what AWS documents, and cites the page; AWS is the reference. An engine that does otherwise is wrong, and
Waybill follows AWS. Cases use AWS SDK clients alone, so that \`npm run test:engines -- --aws --region us-east-1\` asks the
real AWS (it makes queues, tables, streams and functions under names that begin with \`waybill-conformance-\`, and deletes
them). A case that an engine gets wrong stands in \`test/conformance/expectations.json\` with the reason: any other outcome
than the expected one fails the run.`,
    table(
      ['engine', 'version', 'asked', 'right', 'wrong', 'not supported'],
      runs.map(({ title, version, date, outcomes }) => {
        const { right, wrong, unsupported } = tally(outcomes);
        return [title, version, date, String(right), String(wrong), String(unsupported)];
      }),
    ),
    `In the tables, – means that the engine does not support what the case needs. The engines in memory, which the simulator
runs on, model neither Step Functions nor the rules of EventBridge as these cases ask for them. \`MemoryStack\` runs the
state machines of sagas, by their definitions; MiniStack's \`TestState\` is asked of them where it is right: it ignores \`Retry\`.`,
    ...suites.map((suite) => section(suite, runs)),
    '## What is wrong',
    ...runs.flatMap((run) => wrongs(run, expectations(run.name))),
  ].join('\n\n')}\n`;
}

function count(suites: readonly Suite[]): number {
  return suites.reduce((sum, { cases }) => sum + cases.length, 0);
}

function section(suite: Suite, runs: readonly PageColumn[]): string {
  const rows = suite.cases.map((one) => [link(one), ...runs.map((run) => verdict(run, caseId(suite, one)))]);
  return `## ${suite.title}\n\n${table(['case', ...runs.map(({ title }) => title)], rows)}`;
}

function verdict({ outcomes }: PageColumn, id: string): string {
  const outcome = outcomes.get(id);
  return outcome ? WORDS[outcome.verdict] : '';
}

function link({ name, cites }: Case): string {
  return `[${escaped(name)}](${cites})`;
}

function wrongs({ title, outcomes }: PageColumn, { wrong, unsteady = {} }: Expectations): string[] {
  const known = [...outcomes].flatMap(([id, outcome]) =>
    outcome.verdict === 'wrong' ? [`- ${escaped(id)}: ${wrong[id] ?? unsteady[id] ?? outcome.what}.`] : [],
  );
  const now = Object.entries(unsteady).filter(([id]) => outcomes.get(id)?.verdict === 'right');
  const sometimes = now.map(([id, reason]) => `- ${escaped(id)}, at times: ${reason}.`);
  const lines = [...known, ...sometimes];
  return lines.length > 0 ? [`### ${title}\n\n${lines.join('\n')}`] : [];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Names of cases hold what Markdown would read: `AT_TIMESTAMP`, `<>`. */
function escaped(text: string): string {
  return text.replace(/[\\|_<>*[\]]/g, '\\$&');
}
