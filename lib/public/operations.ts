export { EffectUndecidable, SagaUndecidable } from '../contract/errors.ts';
export { type DecideEffectOptions, decideEffect, type EffectDecision, type EffectOwner } from '../effect/decide.ts';
export { type DecidedEffect, type DecideEffectsOptions, decideEffects } from '../effect/decide-by-cause.ts';
export type { Hop } from '../inspect/inspection.ts';
export { type ReconcileOptions, reconcile } from '../reconcile/reconcile.ts';
export { MessageNotDue, resend } from '../reconcile/resend.ts';
export type { Dead, LineCounts, Missing, Reconciliation, Uncaused, Unjudged } from '../reconcile/totals.ts';
export { type DeadGroup, type ListDeadOptions, listDead } from '../redrive/causes.ts';
export { RedriveRefused, UnknownRedrive } from '../redrive/errors.ts';
export {
  type Redrive,
  type RedriveOptions,
  type RedrivePlace,
  readRedrive,
  redrive,
  resumeRedrive,
  stopRedrive,
} from '../redrive/redrive.ts';
export { type DecideStuckOptions, decideStuck, type StuckDecision, type StuckStep } from '../saga/stuck.ts';
export { trace, traceKey } from '../trace/trace.ts';
export { type TracedHalf, traceHalf } from '../trace/trace-half.ts';
export type { TracedDelivery, TracedEffect, TracedMessage } from '../trace/traced-message.ts';
