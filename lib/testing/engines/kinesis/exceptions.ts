import {
  ExpiredIteratorException,
  InvalidArgumentException,
  KinesisServiceException,
  LimitExceededException,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';

const $metadata = { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 } as const;

export function invalidArgument(message: string): KinesisServiceException {
  return new InvalidArgumentException({ $metadata, message });
}

export function notFound(what: string): KinesisServiceException {
  return new ResourceNotFoundException({ $metadata, message: `${what} under account 000000000000 not found.` });
}

export function limitExceeded(message: string): KinesisServiceException {
  return new LimitExceededException({ $metadata, message });
}

export function expiredIterator(): KinesisServiceException {
  return new ExpiredIteratorException({ $metadata, message: 'Iterator expired.' });
}

/** The SDK has a class for it only on other operations: it is told by its name. */
export function validation(message: string): KinesisServiceException {
  return new KinesisServiceException({
    name: 'ValidationException',
    $fault: 'client',
    $metadata,
    message: `1 validation error detected: ${message}`,
  });
}
