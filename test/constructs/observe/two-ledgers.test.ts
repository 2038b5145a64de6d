import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { CheckBack, Ledger, LedgerAlarms, LedgerDashboard, QueueChannel } from '../../../lib/public/constructs.ts';
import { CountSales, handlerIn, OrderPlaced, PaymentReceived, SendReceipt, tableIn, testStack } from '../shop-app.ts';

describe('of two ledgers in one app', () => {
  const stack = testStack();
  const [sales, payments] = (['Sales', 'Payments'] as const).map((name) => {
    const ledger = new Ledger(stack, name);
    const alarms = new LedgerAlarms(stack, `${name}Alarms`, { ledger });
    new LedgerDashboard(stack, `${name}Dashboard`, { ledger, alarms, radar: false });
    return { ledger, alarms };
  }) as [Watched, Watched];
  new QueueChannel(stack, 'SalesChannel', { ledger: sales.ledger, events: [OrderPlaced] }).addSubscriber(CountSales, {
    handler: handlerIn(stack, 'Count'),
    tables: { 'sales-counts': tableIn(stack) },
  });
  new QueueChannel(stack, 'PaymentsChannel', { ledger: payments.ledger, events: [PaymentReceived] }).addSubscriber(
    SendReceipt,
    { handler: handlerIn(stack, 'Receipt') },
  );
  new CheckBack(stack, 'Vouchers', { ledger: payments.ledger, handler: handlerIn(stack, 'Ask') });

  test('each is watched by its own alarms, with its own subscribers and check-backs', () => {
    const watched = ({ alarms }: Watched) => alarms.node.children.map(({ node }) => node.id).join(' ');
    expect(watched(sales)).toContain('count-sales');
    expect(watched(sales)).not.toMatch(/send-receipt|Vouchers/);
    expect(watched(payments)).toContain('send-receipt');
    expect(watched(payments)).not.toContain('count-sales');
    expect(sales.alarms.alarms.length).toBeLessThan(payments.alarms.alarms.length);
  });

  test('each is shown on its own dashboard', () => {
    const bodies = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard')).map((one) =>
      JSON.stringify(one),
    );
    const [ofSales, ofPayments] = ['count-sales', 'send-receipt'].map((name) => {
      const shown = bodies.filter((body) => body.includes(name));
      expect(shown).toHaveLength(1);
      return shown[0];
    });
    expect(ofSales).not.toContain('Vouchers');
    expect(ofPayments).toContain('Vouchers');
  });
});

interface Watched {
  readonly ledger: Ledger;
  readonly alarms: LedgerAlarms;
}
