import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DeployedRole, type Grant, grantsOf } from './deployed-roles.ts';
import { needed, type RecordedCall } from './recorded-calls.ts';

/** Actions that no call of a function ever needs, because AWS itself uses them by the role. */
export interface UsedByAws {
  /** A pattern of the role's logical id. */
  readonly role: string;
  readonly actions: readonly string[];
  /** A pattern of the resource's ARN. */
  readonly resource: string;
  readonly reason: string;
}

/** The reviewed list. */
export const usedByAws = listIn('used-by-aws.json');

function listIn(file: string): readonly UsedByAws[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as readonly UsedByAws[];
}

export interface Unneeded {
  /** What a role may do, did not do, and is not on the list. */
  readonly grants: readonly string[];
  /** What is on the list, and is either not granted any more or is used by the functions themselves. */
  readonly listed: readonly string[];
}

/** Compares what roles may do with what they did. */
export function unneededGrants(
  roles: readonly DeployedRole[],
  callsByRole: ReadonlyMap<string, readonly RecordedCall[]>,
  list: readonly UsedByAws[],
): Unneeded {
  const unused = roles.flatMap((role) => {
    const calls = callsByRole.get(role.name) ?? [];
    return grantsOf(role)
      .filter((grant) => !calls.some((call) => needed(call, grant)))
      .map((grant) => ({ role: role.logicalId, ...grant }));
  });
  const entries = list.flatMap(({ actions, ...entry }) => actions.map((action) => ({ ...entry, action })));
  return {
    grants: unused.filter((one) => !entries.some((entry) => covers(entry, one))).map(spell),
    listed: entries.filter((entry) => !unused.some((one) => covers(entry, one))).map(spell),
  };
}

type Place = Grant & { readonly role: string };

function covers(entry: Place, { role, action, resource }: Place): boolean {
  return entry.action === action && new RegExp(entry.role).test(role) && new RegExp(entry.resource).test(resource);
}

function spell({ role, action, resource }: Place): string {
  return `${role}: ${action} on ${resource}`;
}
