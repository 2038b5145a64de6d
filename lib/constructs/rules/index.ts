export { type DeployedSubscriber, type DeployedWorkQueue, DeploymentGraph } from './deployment-graph.ts';
export type { Finding, Rule } from './rule.ts';
export { RULES } from './rules.ts';
