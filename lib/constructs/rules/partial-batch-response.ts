import type { Rule } from './rule.ts';

export const partialBatchResponse: Rule = {
  id: 'partial-batch-response',
  refuses: 'an SQS event source without `ReportBatchItemFailures`',
  because: 'Lambda would take the answer that names the failed messages for success, and delete them too.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html',
  mend: 'Set `reportBatchItemFailures: true` on the event source.',

  *check({ sources }) {
    for (const { kind, mapping } of sources) {
      const types = mapping.properties.FunctionResponseTypes;
      if (kind !== 'queue' || (Array.isArray(types) && types.includes('ReportBatchItemFailures'))) continue;
      yield { at: mapping.construct, found: 'The event source does not report the failures of single messages' };
    }
  },
};
