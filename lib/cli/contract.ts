import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { type ContractSnapshot, contractChanges, snapshotOf } from '../contract/contract-snapshot.ts';
import { type CommandContext, print, printJson } from './command-context.ts';

interface CheckOptions {
  readonly snapshot: string;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** Adds `waybill contract check`: compares the schemas of events with those that were committed. */
export function addContract(program: Command, context: CommandContext): void {
  program
    .command('contract')
    .description('look after what producers and subscribers agreed on')
    .command('check')
    .description(
      'compare the schemas of events with a committed snapshot; exits with 1 when one breaks it, or without one',
    )
    .argument('<module>', 'the module that exports the events, e.g. src/contract.ts')
    .option('--snapshot <file>', 'the committed snapshot', 'waybill-contract.json')
    .option('--write', 'write the snapshot, whatever has changed')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ waybill contract check src/contract.ts --write   make the snapshot, to be committed
  $ waybill contract check src/contract.ts           in CI: does a change need a new version?`,
    )
    .action((module: string, options: CheckOptions) => check(module, options, context));
}

async function check(module: string, { snapshot, write, json }: CheckOptions, context: CommandContext): Promise<void> {
  const after = snapshotOf(await import(pathToFileURL(resolve(module)).href));
  const before = existsSync(snapshot) ? (JSON.parse(readFileSync(snapshot, 'utf8')) as ContractSnapshot) : undefined;
  const changes = before ? contractChanges(before, after) : [];
  const breaking = changes.filter(({ kind }) => kind === 'breaking').length;
  if (write) writeFileSync(snapshot, `${JSON.stringify(after, undefined, 2)}\n`);
  else if (!before || breaking > 0) context.exitCode = 1;
  const written = write === true;
  if (json) {
    printJson(context, {
      snapshot,
      events: Object.keys(after).length,
      found: before !== undefined,
      written,
      breaking,
      changes,
    });
    return;
  }
  for (const { kind, event, path, what } of changes) print(context, `${kind}  ${event}${path && ` ${path}`}: ${what}`);
  if (written) print(context, `${snapshot} holds ${Object.keys(after).length} events: commit it.`);
  else if (!before) print(context, `There is no ${snapshot}: make it with --write, and commit it.`);
  else if (breaking > 0) {
    print(
      context,
      `${breaking} changes break the contract: give the event a new \`version\` with \`upgrades\`, or take them back.`,
    );
  } else if (changes.length > 0)
    print(context, 'Nothing breaks the contract: write it anew with --write, and commit it.');
  else print(context, 'The contract is as it was committed.');
}
