/**
 * An error of EventBridge Scheduler, in the shape that the AWS SDK gives its own: they are told apart by `name`.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html
 */
export class SchedulerServiceException extends Error {
  override readonly name: string;
  readonly $fault = 'client';
  readonly $metadata: { readonly httpStatusCode: number; readonly attempts: 1; readonly totalRetryDelay: 0 };

  constructor(name: string, httpStatusCode: number, message: string) {
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode, attempts: 1, totalRetryDelay: 0 };
  }
}

export function validationException(message: string): SchedulerServiceException {
  return new SchedulerServiceException('ValidationException', 400, message);
}

export function conflictException(message: string): SchedulerServiceException {
  return new SchedulerServiceException('ConflictException', 409, message);
}

export function scheduleNotFound(name: string): SchedulerServiceException {
  return new SchedulerServiceException('ResourceNotFoundException', 404, `Schedule ${name} does not exist.`);
}

export function groupNotFound(name: string): SchedulerServiceException {
  return new SchedulerServiceException('ResourceNotFoundException', 404, `Schedule group ${name} does not exist.`);
}
