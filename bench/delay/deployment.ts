import { BINDINGS, tableBinding } from 'waybill';
import { Arrivals } from './contract.ts';

export const STACK_NAME = 'DelayBenchmark';

/** What the stack's outputs are called: letters and digits only. */
export const OUTPUTS = { variable: (name: string) => name.replaceAll('_', '') };

/** The bindings of the producer, and of whoever reads the arrivals. */
export function variablesOf(outputs: Readonly<Record<string, string>>): Record<string, string> {
  const names = [BINDINGS.ledger, BINDINGS.shards, tableBinding(Arrivals.name)];
  return Object.fromEntries(names.map((name) => [name, outputs[OUTPUTS.variable(name)] ?? '']));
}
