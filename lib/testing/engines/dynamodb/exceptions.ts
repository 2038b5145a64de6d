import {
  type AttributeValue,
  type CancellationReason,
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  IdempotentParameterMismatchException,
  ResourceInUseException,
  ResourceNotFoundException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';

/** The SDK's metadata of a request that was answered with an error. */
const $metadata = { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 } as const;

/** The request is wrong. The SDK has no class for it: it is told by its name. */
export function validationException(message: string): DynamoDBServiceException {
  return new DynamoDBServiceException({ name: 'ValidationException', $fault: 'client', $metadata, message });
}

export function isValidationException(error: unknown): error is DynamoDBServiceException {
  return error instanceof DynamoDBServiceException && error.name === 'ValidationException';
}

/** @param item the row as it is, where the request asked for it and there is one */
export function conditionalCheckFailed(item?: Record<string, AttributeValue>): ConditionalCheckFailedException {
  const message = 'The conditional request failed';
  return new ConditionalCheckFailedException({ $metadata, message, ...(item && { Item: item }) });
}

/** @param reasons one for each action, in the transaction's order */
export function transactionCanceled(reasons: CancellationReason[]): TransactionCanceledException {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new TransactionCanceledException({
    $metadata,
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    CancellationReasons: reasons,
  });
}

export function idempotentParameterMismatch(): IdempotentParameterMismatchException {
  const message = 'The client request token was used with other parameters within the last 10 minutes';
  return new IdempotentParameterMismatchException({ $metadata, message });
}

export function tableNotFound(): ResourceNotFoundException {
  return new ResourceNotFoundException({ $metadata, message: 'Requested resource not found' });
}

export function tableExists(name: string): ResourceInUseException {
  return new ResourceInUseException({ $metadata, message: `Table already exists: ${name}` });
}
