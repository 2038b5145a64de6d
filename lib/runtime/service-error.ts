/** The shape of the errors of AWS SDK clients. */
export interface ServiceError extends Error {
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: object;
}

const PASSING =
  /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|TransactionInProgress|TransactionConflict|Timeout/;

/**
 * Whether an AWS call may succeed a moment later: yes for throttling, failures of the service and of the network, no for
 * what an operator has to mend, such as a missing permission.
 */
export function mayPass(error: ServiceError): boolean {
  return error.$fault !== 'client' || PASSING.test(error.name);
}

/** Whether an error that a handler threw came from an AWS call and may pass: it says nothing about the message. */
export function isPassingServiceError(error: unknown): boolean {
  return error instanceof Error && (error as ServiceError).$metadata !== undefined && mayPass(error);
}
