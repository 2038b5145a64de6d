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
} as const;
