import { SENDING_TRAITS } from '../checks/sending-traits.ts';
import type { Fault } from '../faults/fault.ts';
import { CHECK_BACK, FORWARDER, PRODUCER, SCHEDULER, type Site, STEPS, type Step, SWEEP } from '../faults/site.ts';
import { type System, type Way, waysOf } from '../system.ts';
import type { Target } from './target.ts';

/** What plans must show of the ways in which a system's producers send. */
export function sendingTargets(system: System): Target[] {
  const traits = SENDING_TRAITS;
  const ways = waysOf(system);
  const target = (name: string, way: Way, by?: Target['by']): Target[] => {
    const anyOf = stepsBy(system, [way]);
    return anyOf.length === 0 ? [] : [{ name, anyOf, hard: true, ...(by && { by }) }];
  };
  const dies =
    (...steps: readonly Step[]) =>
    (fault: Fault, site: Site) =>
      /^crash-(?:before|after)$/.test(fault.kind) && steps.some((step) => site === `${PRODUCER}.${step}`);
  return [
    ...target(traits.delayed, ways.has('delay') ? 'delay' : 'wait'),
    ...target(traits.swept, 'wait'),
    ...target(traits.scheduled, 'wait'),
    ...target(traits.hop, 'wait', ({ kind }, site) => kind === 'clock-skew' && site === `${SWEEP}.${STEPS.invoke}`),
    ...target(traits.sent, 'handshake'),
    ...target(traits.pendingHealed, 'handshake', dies(STEPS.send)),
    ...target(traits.cancelled, 'cancel'),
    ...target(traits.tooLate, 'cancel'),
    ...target(traits.rescheduled, 'reschedule'),
    ...target(traits.halfCommitted, 'half'),
    ...target(traits.halfCheckedBack, 'half', dies(STEPS.commit)),
    ...target(traits.halfRolledBack, 'half'),
    ...target(traits.halfAskedEarly, 'half'),
    ...target(traits.halfQuarantined, 'quarantine'),
  ];
}

const WAYS_TO_STEP: Partial<Record<Step, readonly Way[]>> = {
  [STEPS.store]: ['handshake', 'half'],
  [STEPS.mark]: ['handshake'],
  [STEPS.send]: ['handshake'],
  [STEPS.read]: ['cancel', 'reschedule'],
  [STEPS.routes]: ['cancel', 'reschedule'],
};

/** The steps of a workload of which one is needed to reach a site; `undefined` where any will do. */
export function leadsTo(system: System, site: Site): readonly number[] | undefined {
  const actor = site.slice(0, site.lastIndexOf('.'));
  const step = site.slice(site.lastIndexOf('.') + 1) as Step;
  const ways = waysTo(actor, step);
  return ways && stepsBy(system, ways);
}

function waysTo(actor: string, step: Step): readonly Way[] | undefined {
  if (actor === PRODUCER) return WAYS_TO_STEP[step];
  if (actor === FORWARDER) return step === STEPS.read ? ['wait'] : ['handshake'];
  if (actor === CHECK_BACK) return ['half'];
  const waits = actor === SWEEP || actor === SCHEDULER || step === STEPS.wait || step === STEPS.schedule;
  return waits ? ['wait'] : undefined;
}

/** The steps that send in one of these ways. */
function stepsBy({ workload }: System, ways: readonly Way[]): number[] {
  return workload.flatMap((step, index) =>
    typeof step !== 'function' && step.sends?.some((way) => ways.includes(way)) ? [index] : [],
  );
}
