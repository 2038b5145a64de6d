import type { CancellationReason, TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb';
import type { Request } from '../../testing/engines/index.ts';

/** An error as a client of the AWS SDK throws it. */
function serviceError(name: string, fault: 'client' | 'server', fields: object = {}): Error {
  const $metadata = { attempts: 1, totalRetryDelay: 0 };
  return Object.assign(new Error(`${name} (simulated)`), { name, $fault: fault, $metadata, ...fields });
}

/** The service failed. */
export function internalError(): Error {
  return serviceError('InternalServerError', 'server');
}

/** A service outside is out of order. */
export function serviceDown(): Error {
  return Object.assign(new Error('the service is out of order (simulated)'), { name: 'ServiceDown' });
}

/** A service outside is busy with a request of the same key. */
export function inUse(): Error {
  return Object.assign(new Error('a request with this key is under way (simulated)'), { name: 'KeyInUse' });
}

/** No answer came in time: the request may have been carried out. */
export function timeout(): Error {
  return Object.assign(new Error('no answer (simulated)'), { name: 'TimeoutError', $metadata: { attempts: 3 } });
}

/** Too many requests, as the service of the operation says it. */
export function throttled({ operation }: Request): Error {
  if (/^(?:PutRecords|GetRecords)$/.test(operation)) {
    return serviceError('ProvisionedThroughputExceededException', 'client');
  }
  return serviceError(/Message/.test(operation) ? 'RequestThrottled' : 'ThrottlingException', 'client');
}

/** The key by which the resource is encrypted is not to be had. */
export function denied({ operation }: Request): Error {
  return serviceError(/Message/.test(operation) ? 'KmsAccessDenied' : 'AccessDeniedException', 'client');
}

/** The function's role may not do that. */
export function forbidden({ operation }: Request): Error {
  return serviceError(/Message|Queue/.test(operation) ? 'AccessDenied' : 'AccessDeniedException', 'client');
}

/** Another transaction is under way on the row, or on the last of the rows. */
export function conflict({ operation, input }: Request): Error {
  if (operation === 'PutItem') return serviceError('TransactionConflictException', 'client');
  const { TransactItems = [] } = input as TransactWriteItemsCommandInput;
  const CancellationReasons: CancellationReason[] = TransactItems.map((_, index) => ({
    Code: index === TransactItems.length - 1 ? 'TransactionConflict' : 'None',
  }));
  return serviceError('TransactionCanceledException', 'client', { CancellationReasons });
}

/** There is no such queue. */
export function gone(): Error {
  return serviceError('QueueDoesNotExist', 'client');
}
