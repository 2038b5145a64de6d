import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { expect, test, vi } from 'vitest';
import { InvalidConstruct, LedgerAlarms } from '../../../lib/public/constructs.ts';
import { shop } from '../rules/proved-shop.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

test('a subscriber without a breaker has no controller, and nothing that knows of one', () => {
  const text = JSON.stringify(Template.fromStack(shop().stack).toJSON());
  expect(text).not.toMatch(/WAYBILL_BREAKER|WAYBILL_CONTROL_QUEUE_URL|UpdateEventSourceMapping/);
});

test('a breaker gives the handler its settings, and tags what its controller controls', () => {
  const template = Template.fromStack(shop({ queue: { breaker: { failures: 5, open: Duration.minutes(1) } } }).stack);
  const settings = { failures: 5, share: 0.5, within: 10_000, open: 60_000, probes: 3 };
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: { WAYBILL_BREAKER: JSON.stringify(settings), WAYBILL_CONTROL_QUEUE_URL: Match.anyValue() },
    },
    Tags: Match.arrayWith([{ Key: 'waybill:controller', Value: Match.anyValue() }]),
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 'lambda:UpdateEventSourceMapping',
          Condition: { StringEquals: { 'aws:ResourceTag/waybill:controller': Match.stringLikeRegexp('Ledger') } },
        }),
      ]),
    },
  });
});

test.each([
  [{ failures: 0 }, 'from 1 to 100'],
  [{ share: 1.5 }, 'above 0 and up to 1'],
  [{ probes: 21 }, 'from 1 to 20'],
  [{ within: Duration.minutes(2) }, '1 second to 1 minute'],
  [{ open: Duration.hours(1) }, '1 second to 15 minutes'],
])('a breaker out of range is refused: %o', (breaker, said) => {
  expect(() => shop({ queue: { breaker } })).toThrow(InvalidConstruct);
  expect(() => shop({ queue: { breaker } })).toThrow(said);
});

test('an alarm rings when a circuit opens, where a subscriber has a breaker', () => {
  const { stack, ledger } = shop({ queue: { breaker: {} } });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'circuit.opened',
    AlarmDescription: Match.stringLikeRegexp('waybill subscriber ls'),
  });
});
