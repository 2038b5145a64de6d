import { type SchedulerServiceException, validationException } from './exceptions.ts';

export function invalidExpression(expression?: string): SchedulerServiceException {
  return validationException(`Invalid Schedule Expression${expression === undefined ? '' : ` ${expression}`}.`);
}
