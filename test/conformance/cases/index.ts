import type { Suite } from '../case.ts';
import { DYNAMODB } from './dynamodb.ts';
import { KINESIS } from './kinesis.ts';
import { SQS } from './sqs.ts';
import { SQS_FIFO } from './sqs-fifo.ts';
import { STREAMS } from './streams.ts';

/** All cases, in the order of the table. */
export const SUITES: readonly Suite[] = [DYNAMODB, STREAMS, SQS, SQS_FIFO, KINESIS];
