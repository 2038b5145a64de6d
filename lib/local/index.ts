export { type DeployOptions, deployApp, destroyApp, type StackOutputs } from './deploy.ts';
export { type Engine, type EngineOptions, startEngine } from './engine.ts';
export {
  DeployFailed,
  EndpointSilent,
  EngineInstallFailed,
  EngineRunsElsewhere,
  EngineSilent,
  EngineStartFailed,
  EngineStopFailed,
  EngineUnavailable,
  PortTaken,
  PythonIncomplete,
  PythonMissing,
} from './errors.ts';
export {
  findLocalStack,
  type LocalStackState,
  type SharedLocalStack,
  shareLocalStack,
  stopLocalStack,
} from './localstack/index.ts';
export type { Report } from './report.ts';
export { findEngine, shareEngine, stopSharedEngine } from './shared.ts';
export {
  type ExternalEngine,
  environmentFor,
  type RealAws,
  resolveEngine,
  runningTarget,
  type Target,
  type TargetOptions,
} from './target.ts';
