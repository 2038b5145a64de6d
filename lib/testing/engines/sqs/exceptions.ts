import {
  BatchEntryIdsNotDistinct,
  BatchRequestTooLong,
  EmptyBatchRequest,
  InvalidBatchEntryId,
  InvalidMessageContents,
  MessageNotInflight,
  QueueDoesNotExist,
  ReceiptHandleIsInvalid,
  SQSServiceException,
  TooManyEntriesInBatchRequest,
} from '@aws-sdk/client-sqs';

/** The SDK's metadata of a request that was answered with an error. */
const $metadata = { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 } as const;

export function queueDoesNotExist(): SQSServiceException {
  return new QueueDoesNotExist({ $metadata, message: 'The specified queue does not exist.' });
}

/** The SDK has no class for it: it is told by its name. */
export function invalidParameter(message: string): SQSServiceException {
  return new SQSServiceException({ name: 'InvalidParameterValue', $fault: 'client', $metadata, message });
}

/** The SDK has no class for it: it is told by its name. */
export function missingParameter(name: string): SQSServiceException {
  const message = `The request must contain the parameter ${name}.`;
  return new SQSServiceException({ name: 'MissingParameter', $fault: 'client', $metadata, message });
}

export function invalidMessageContents(): SQSServiceException {
  return new InvalidMessageContents({ $metadata, message: 'The message contains characters outside the allowed set.' });
}

export function receiptHandleIsInvalid(): SQSServiceException {
  return new ReceiptHandleIsInvalid({ $metadata, message: 'The input receipt handle is invalid.' });
}

export function messageNotInFlight(): SQSServiceException {
  return new MessageNotInflight({ $metadata, message: 'The specified message is not in flight.' });
}

export function emptyBatch(): SQSServiceException {
  const message = 'There should be at least one entry in the batch request.';
  return new EmptyBatchRequest({ $metadata, message });
}

export function tooManyEntries(count: number): SQSServiceException {
  const message = `Maximum number of entries per request are 10. You have sent ${count}.`;
  return new TooManyEntriesInBatchRequest({ $metadata, message });
}

export function idsNotDistinct(id: string): SQSServiceException {
  return new BatchEntryIdsNotDistinct({ $metadata, message: `Id ${id} repeated.` });
}

export function invalidBatchEntryId(): SQSServiceException {
  const message =
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.';
  return new InvalidBatchEntryId({ $metadata, message });
}

export function batchTooLong(limit: number, bytes: number): SQSServiceException {
  const message = `Batch requests cannot be longer than ${limit} bytes. You have sent ${bytes} bytes.`;
  return new BatchRequestTooLong({ $metadata, message });
}

export function invalidAttributeValue(attribute: string, reason: string): SQSServiceException {
  const message = `Invalid value for the parameter ${attribute}. Reason: ${reason}`;
  return new SQSServiceException({ name: 'InvalidAttributeValue', $fault: 'client', $metadata, message });
}

/** The SDK has no class for it: it is told by its name. */
export function notOfThisQueueType(parameter: string, value: unknown): SQSServiceException {
  return invalidParameter(
    `Value ${value} for parameter ${parameter} is invalid. Reason: The request include parameter that is not valid for this queue type.`,
  );
}

/** Only of FIFO queues: a standard queue takes an old receipt, and deletes nothing. */
export function receiptHandleHasExpired(receiptHandle: string): SQSServiceException {
  return invalidParameter(
    `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );
}
