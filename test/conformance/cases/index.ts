import type { Suite } from '../case.ts';
import { DYNAMODB } from './dynamodb.cases.ts';
import { EVENTS } from './events.cases.ts';
import { KINESIS } from './kinesis.cases.ts';
import { LAMBDA } from './lambda.cases.ts';
import { SCHEDULER } from './scheduler.cases.ts';
import { SQS } from './sqs.cases.ts';
import { SQS_FIFO } from './sqs-fifo.cases.ts';
import { STEP_FUNCTIONS } from './step-functions.cases.ts';
import { STREAMS } from './streams.cases.ts';

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
