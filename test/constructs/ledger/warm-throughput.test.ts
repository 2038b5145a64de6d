import { Match, Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { Ledger } from '../../../lib/public/constructs.ts';
import { testStack } from '../shop-app.ts';

test('a table takes from its first moment on what it is told, and else what DynamoDB gives it', () => {
  const warm = testStack('Warm');
  new Ledger(warm, 'Ledger', { warmThroughput: { writeUnitsPerSecond: 40_000 } });
  Template.fromStack(warm).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
    WarmThroughput: { WriteUnitsPerSecond: 40_000 },
  });
  const other = testStack('Other');
  const ledger = new Ledger(other, 'Ledger');
  Template.fromStack(other).hasResourceProperties('AWS::DynamoDB::GlobalTable', { WarmThroughput: Match.absent() });
  expect(ledger.metricThrottledWrites()).toMatchObject({ metricName: 'WriteThrottleEvents', statistic: 'Sum' });
});
