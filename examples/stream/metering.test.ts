import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { testLedger } from 'waybill/testing';
import { DailyUse, MeterRead } from './contract.ts';
import { handler } from './functions/add-up-use.ts';
import { Metering } from './stack.ts';

const reading = { meterId: 'm1', readAt: '2026-03-01T12:00:00Z', wattHours: 250 };
const fromStream = { transport: 'stream' } as const;

test('the stack has a stream, from which the function is given batches', () => {
  // Nothing is bundled: the template is all that the test looks at.
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const template = Template.fromStack(new Metering(app, 'Metering'));
  template.resourceCountIs('AWS::Kinesis::Stream', 1);
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Readings'), 'Arn'] },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
});

test('readings are added up by day', async () => {
  const ledger = testLedger();
  await ledger.deliver(handler, MeterRead, { ...reading, readAt: '2026-03-02T00:00:00Z' }, fromStream);
  await ledger.deliver(handler, MeterRead, { ...reading, readAt: '2026-03-01T13:00:00Z' }, fromStream);
  await ledger.deliver(handler, MeterRead, reading, fromStream);
  expect(ledger.rows(DailyUse)).toEqual([
    { meterId: 'm1', day: '2026-03-01', wattHours: 500, readings: 2 },
    { meterId: 'm1', day: '2026-03-02', wattHours: 250, readings: 1 },
  ]);
});

test('a reading counts once, however often the stream or the meter repeats it', async () => {
  const ledger = testLedger();
  const { id } = await ledger.deliver(handler, MeterRead, reading, fromStream);
  expect(await ledger.redeliver(handler, id, fromStream)).toMatchObject({ outcome: 'already', writes: [] });
  expect(await ledger.deliver(handler, MeterRead, reading, fromStream)).toMatchObject({ outcome: 'duplicate' });
  expect(ledger.rows(DailyUse)).toEqual([{ meterId: 'm1', day: '2026-03-01', wattHours: 250, readings: 1 }]);
});
