import type { IConstruct } from 'constructs';
import type { DeploymentGraph } from './deployment-graph.ts';
import type { Emitted } from './emitted.ts';
import type { EventSource } from './event-source.ts';

/** A rule about deployments that, broken, lets a message be lost, doubled or held up: one of `RULES`. */
export interface Rule {
  /** A stable id: it stands in the message, in docs/guarantees.md and in acknowledgements, as `waybill:<id>`. */
  readonly id: string;
  /** A `warning` can be acknowledged by its id. @default what the rule refuses ends the synthesis */
  readonly severity?: 'warning';
  /** The deployments that the rule refuses, or warns of. */
  readonly refuses: string;
  /** The harm that such a deployment does. */
  readonly because: string;
  /** The page that the reason rests on: of AWS, or of this repository. */
  readonly source: string;
  /** The way to mend the deployment. */
  readonly mend: string;
  /** The facts that cannot be seen at synthesis: then there is a warning, or a note, instead of a verdict. */
  readonly unknown?: string;

  check(pipeline: Pipeline): Iterable<Finding>;
}

export interface Finding {
  /** The construct that the finding is about. */
  readonly at: IConstruct;
  /** The setting as it is, with the figures that were compared. */
  readonly found: string;
  /**
   * Set where nobody can know from here whether the rule holds: `warn` where whoever reads it can look, `note` where it
   * follows from how the app is cut.
   */
  readonly unknown?: 'warn' | 'note';
}

/** The deployment that rules look at: what Waybill's constructs meant, and what the templates will say. */
export interface Pipeline {
  readonly stage: IConstruct;
  readonly graph: DeploymentGraph;
  readonly emitted: Emitted;
  readonly sources: readonly EventSource[];
}

/** The context key by which an app, a stage or a stack says that what it deploys is production. */
const PRODUCTION = 'waybill:production';

/** Whether a construct is deployed to production, as far as its context says so. */
export function isProduction(construct: IConstruct): boolean {
  return String(construct.node.tryGetContext(PRODUCTION)) === 'true';
}
