import type { IConstruct } from 'constructs';
import type { DeploymentGraph } from './deployment-graph.ts';
import { Emitted } from './emitted.ts';
import { type EventSource, eventSources } from './event-source.ts';

/** What the rules look at: what Waybill's constructs meant, and what the templates will say. */
export interface Pipeline {
  readonly stage: IConstruct;
  readonly graph: DeploymentGraph;
  readonly emitted: Emitted;
  readonly sources: readonly EventSource[];
}

export function readPipeline(stage: IConstruct, graph: DeploymentGraph): Pipeline {
  const emitted = new Emitted(stage);
  return { stage, graph, emitted, sources: eventSources(graph, emitted) };
}
