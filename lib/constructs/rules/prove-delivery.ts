import { Annotations, Stage } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { DeploymentGraph } from './deployment-graph.ts';
import { Emitted, pathOf } from './emitted.ts';
import { eventSources } from './event-source.ts';
import { pageOf } from './page.ts';
import type { Finding, Rule } from './rule.ts';
import { RULES } from './rules.ts';

const graphs = new WeakMap<IConstruct, DeploymentGraph>();

/**
 * The graph of the stage, or of the app, that a construct is in. Once everything is there and every Aspect has run, CDK
 * has it proved.
 */
export function deploymentGraphOf(construct: IConstruct): DeploymentGraph {
  const stage = Stage.of(construct) ?? construct.node.root;
  const known = graphs.get(stage);
  if (known) return known;
  const graph = new DeploymentGraph();
  graphs.set(stage, graph);
  stage.node.addValidation({ validate: () => proveDelivery(stage, graph) });
  return graph;
}

/**
 * Applies every rule of docs/guarantees.md to what the stage will emit. Warnings become annotations.
 *
 * @returns what must be mended before anything is synthesized, each with its reason and its mend
 */
function proveDelivery(stage: IConstruct, graph: DeploymentGraph): string[] {
  const emitted = new Emitted(stage);
  const pipeline = { stage, graph, emitted, sources: eventSources(graph, emitted) };
  return RULES.flatMap((rule) => [...rule.check(pipeline)].flatMap((finding) => report(rule, finding)));
}

function report(rule: Rule, { at, found, unknown }: Finding): string[] {
  const id = `waybill:${rule.id}`;
  if (unknown) {
    const text = `${found} (at '${pathOf(at)}'). ${rule.because} (${pageOf(rule.source)})`;
    if (unknown === 'note') Annotations.of(at).addInfoV2(`${id}-unknown`, text);
    else Annotations.of(at).addWarningV2(`${id}-unknown`, text);
    return [];
  }
  const text = `${found} (at '${pathOf(at)}'). ${rule.because} ${rule.mend} (${pageOf(rule.source)})`;
  if (rule.severity !== 'warning') return [`[${id}] ${text}`];
  Annotations.of(at).addWarningV2(id, text);
  return [];
}
