import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { pathOf } from './construct-path.ts';
import type { DeploymentGraph } from './deployment-graph.ts';
import { readPipeline } from './pipeline.ts';
import type { Finding, Rule } from './rule.ts';
import { RULES } from './rules.ts';

/**
 * Applies every rule of docs/guarantees.md to what the stage will emit. Warnings become annotations.
 *
 * @returns what must be mended before anything is synthesized, each with its reason and its mend
 */
export function proveDelivery(stage: IConstruct, graph: DeploymentGraph): string[] {
  const pipeline = readPipeline(stage, graph);
  return RULES.flatMap((rule) => [...rule.check(pipeline)].flatMap((finding) => report(rule, finding)));
}

function report(rule: Rule, { at, found, unknown }: Finding): string[] {
  const id = `waybill:${rule.id}`;
  if (unknown) {
    const text = `${found} (at '${pathOf(at)}'). ${rule.because} (${rule.source})`;
    if (unknown === 'note') Annotations.of(at).addInfoV2(`${id}-unknown`, text);
    else Annotations.of(at).addWarningV2(`${id}-unknown`, text);
    return [];
  }
  const text = `${found} (at '${pathOf(at)}'). ${rule.because} ${rule.mend} (${rule.source})`;
  if (rule.severity === 'error') return [`[${id}] ${text}`];
  Annotations.of(at).addWarningV2(id, text);
  return [];
}
