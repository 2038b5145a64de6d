export { type DeployOptions, deployApp, type StackOutputs } from './deploy.ts';
export { UP_ENDPOINT } from './endpoint.ts';
export { type Engine, type EngineOptions, startEngine } from './engine.ts';
export * from './errors.ts';
export { repositoryRoot } from './folders.ts';
export type { Report } from './report.ts';
export { type SharedLocalStack, sharedEngine, sharedLocalStack } from './shared.ts';
export * from './target.ts';
