import type { Suite } from '../case.ts';
import { DYNAMODB } from './dynamodb.ts';
import { EVENTS } from './events.ts';
import { KINESIS } from './kinesis.ts';
import { LAMBDA } from './lambda.ts';
import { SCHEDULER } from './scheduler.ts';
import { SQS } from './sqs.ts';
import { SQS_FIFO } from './sqs-fifo.ts';
import { STEP_FUNCTIONS } from './step-functions.ts';
import { STREAMS } from './streams.ts';

/** All cases, in the order of the table. */
export const SUITES: readonly Suite[] = [
  DYNAMODB,
  STREAMS,
  SQS,
  SQS_FIFO,
  KINESIS,
  LAMBDA,
  STEP_FUNCTIONS,
  EVENTS,
  SCHEDULER,
];
