/**
 * Circumstances that are no faults, and in which mistakes show that show nowhere else: they must have been met, as faults
 * must have happened. A step of a workload may be one, under a name of its own.
 */
export const TRAITS = {
  /** A promise of an earlier invocation went on in a later one, when its process was thawed. */
  thawed: 'thawed',
  /** A process was used again, with all that its module has kept. */
  warm: 'warm',
  /** SQS has given a message up, and moved it as old as it is: a dead-letter queue counts from the first sending. */
  moved: 'moved',
  /** A subscriber was given what a producer of the version before has sent. */
  olderVersion: 'older-version',
  /** A subscriber whose code is that before its last deploy was given what a newer producer has sent. */
  newerVersion: 'newer-version',
  /** A message was handled after its moment. */
  delayed: 'delayed',
  /** The sweep has sent a message. */
  swept: 'swept',
  /** A message's own schedule has fired. */
  scheduled: 'scheduled',
  /** A message was received before its moment, and went back to wait. */
  hop: 'delay-hop',
  /** A handshake ended with the mark of its producer. */
  sent: 'handshake-sent',
  /** Reconciliation has sent what its producer did not come to send. */
  pendingHealed: 'pending-healed',
  cancelled: 'cancelled',
  /** A message could not be cancelled: a subscriber had handled it. */
  tooLate: 'too-late',
  rescheduled: 'rescheduled',
  /** A half message's producer has committed it. */
  halfCommitted: 'half-committed',
  /** The check-back has committed a half message. */
  halfCheckedBack: 'half-checked-back',
  halfRolledBack: 'half-rolled-back',
  /** The owner of a local transaction was asked for it before it was over. */
  halfAskedEarly: 'half-asked-early',
  halfUnanswered: 'half-quarantined',
  /** What was dead was handled, since an operator has redriven it. */
  redriveHandled: 'redrive-handled',
  sagaCompleted: 'saga-completed',
  /** All that a saga had done was undone. */
  sagaCompensated: 'saga-compensated',
  /** A step of a saga waited for somebody to decide, who had it tried again. */
  sagaStuck: 'saga-stuck',
  /** A step was told once more, since its command had expired. */
  sagaToldAgain: 'saga-told-again',
  /** A step was undone before it ran: what came of its command later was refused. */
  sagaVoid: 'saga-void',
} as const;

export type Trait = (typeof TRAITS)[keyof typeof TRAITS];
