import type { Mutant } from './sources.ts';

/** A mutant that changes nothing that a test could or should notice. */
export interface Equivalent {
  readonly file: string;
  /** The line as it stands in the file, without the spaces around it. */
  readonly line: string;
  /** What replaces a part of it. @default anything */
  readonly to?: string;
  readonly reason: string;
}

/** Each with the reason why it is none of the tests' business. */
export const equivalents: readonly Equivalent[] = [
  {
    file: 'lib/reconcile/cursor.ts',
    line: "ConditionExpression: 'upTo = :read AND revision = :revision',",
    to: "'(upTo = :read OR attribute_not_exists(noSuchColumn)) AND revision = :revision'",
    reason: 'A revision has one place: the place is compared for whoever reads the condition',
  },
  {
    file: 'lib/inspect/receipt-book.ts',
    line: 'for (let time = start - MINUTE_MS; time < end + MINUTE_MS; time += MINUTE_MS) {',
    to: '<=',
    reason: 'One minute more is read where both lie whole minutes apart, in which the relay has not been yet',
  },
  {
    file: 'lib/publish/publish.ts',
    line: 'if (!runsAgain(result) || environment.now() + pause >= started + RERUN_MS) {',
    to: '>',
    reason: 'The pause is drawn: one millisecond of two seconds more or less shows nowhere',
  },
  {
    file: 'lib/message/known-fields.ts',
    line: "if (input === made || typeof input !== 'object' || input === null) return;",
    to: "typeof input !== 'object'",
    reason: 'What is the same value is walked through, to the same end',
  },
  {
    file: 'lib/consume/deliver.ts',
    line: "return { kind: 'rerun', error: new CommitUndecided(`Another transaction kept changing \u0024{what}`) };",
    to: "''",
    reason: 'What comes again uncounted is told by its code alone, so that nobody reads the text',
  },
  {
    file: 'lib/relay/registrar.ts',
    line: 'if (pause > 0) await environment.sleep(pause, signal);',
    to: '((pause > 0) || true)',
    reason: 'A sleep of less than nothing ends at once',
  },
  {
    file: 'lib/relay/registrar.ts',
    line: 'if (pause > 0) await environment.sleep(pause, signal);',
    to: '>=',
    reason: 'A sleep of nothing ends at once',
  },
  {
    file: 'lib/consume/failure.ts',
    line: 'const TOLD_SECONDS = 30;',
    to: '(30 + 1)',
    reason: 'Redeliveries wait for Fibonacci seconds: for 21 or for 34, never for what lies between',
  },
  {
    file: 'lib/contract/timestamp.ts',
    line: "if (minute === undefined || text[16] !== ':' || text[19] !== '.' || text[23] !== 'Z') return undefined;",
    to: '(23 + 1)',
    reason: 'What is read without the calendar is read with it otherwise, to the same end',
  },
  {
    file: 'lib/reconcile/grow-shards.ts',
    line: 'const shards = Math.max(configured, minted?.shards ?? 0);',
    to: '(0 + 1)',
    reason: 'A ledger is configured with one shard at least',
  },
  {
    file: 'lib/consume/consume.ts',
    line: 'await getRow(ledgerOf(environment), noInboxKey(name), { consistent: false });',
    to: '!(false)',
    reason: 'No row lies there: what is read opens the connection, and costs half a unit less',
  },
  {
    file: 'lib/inspect/inspection.ts',
    line: 'export function momentOf({ id, deliverAt = 0 }: Delayable): number {',
    to: '(0 + 1)',
    reason: 'No message was committed in the first millisecond of the epoch',
  },
];

/** A constant that says how much is done at once. */
const AT_ONCE = /^const \w*AT_ONCE = \d+;$/;

/** Why a mutant is equivalent; `undefined` where it is not. */
export function equivalenceOf({ file, line, to }: Mutant): string | undefined {
  if (AT_ONCE.test(line)) return 'How many requests are made at once is a matter of speed';
  return equivalents.find((one) => one.file === file && one.line === line && (one.to ?? to) === to)?.reason;
}
