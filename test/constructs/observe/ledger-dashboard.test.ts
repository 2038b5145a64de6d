import { type Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import {
  ConsumerFunction,
  type ILedger,
  Ledger,
  LedgerAlarms,
  LedgerDashboard,
  QueueChannel,
  StreamChannel,
} from '../../../lib/public/constructs.ts';
import {
  allowedTo,
  CountSales,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  only,
  ReserveStock,
  resourcesOf,
  tableIn,
  testApp,
  testStack,
} from '../shop-app.ts';

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly alarms?: readonly string[];
    readonly metrics?: readonly (readonly unknown[])[];
    readonly query?: string;
  };
}

/** What the dashboard of a stack shows, with every reference written as `{{Logical.Attribute}}`. */
function widgetsIn(stack: Stack): readonly Widget[] {
  const { DashboardBody } = only(resourcesOf(stack), 'AWS::CloudWatch::Dashboard').Properties;
  const parts = DashboardBody['Fn::Join'][1] as readonly (string | { Ref?: string; 'Fn::GetAtt'?: string[] })[];
  const text = parts.map((part) =>
    typeof part === 'string' ? part : `{{${part.Ref ?? part['Fn::GetAtt']?.join('.')}}}`,
  );
  return (JSON.parse(text.join('')) as { widgets: Widget[] }).widgets;
}

function shownShop(stack: Stack) {
  const ledger = new Ledger(stack, 'Ledger');
  const alarms = new LedgerAlarms(stack, 'Alarms', { ledger });
  new LedgerDashboard(stack, 'Dashboard', { ledger, alarms, businessLines: ['telemetry'] });
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  orders.addSubscriber(ReserveStock, {
    handler: new ConsumerFunction(stack, 'Reserve', { entry: import.meta.filename }),
    tables: { stock: tableIn(stack) },
  });
  const sales = new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced] });
  sales.addSubscriber(CountSales, {
    handler: handlerIn(stack, 'Count'),
    tables: { 'sales-counts': tableIn(stack, 'Counts') },
  });
  return alarms;
}

describe('the dashboard', () => {
  const stack = testStack();
  const alarms = shownShop(stack);
  const widgets = widgetsIn(stack);
  const titled = (title: string) => {
    const found = widgets.filter((widget) => widget.properties.title?.startsWith(title));
    expect(found, title).toHaveLength(1);
    return found[0]!.properties;
  };
  const labelsOf = (title: string) =>
    (titled(title).metrics ?? []).map((metric) => (metric.at(-1) as { label: string }).label);

  test('begins with what to do, and with the state of every alarm, also of subscribers that came later', () => {
    expect(widgets[0]?.properties.markdown).toContain('waybill reconcile');
    expect(widgets[1]?.type).toBe('alarm');
    expect(titled('Alarms').alarms).toHaveLength(alarms.alarms.length);
  });

  test('shows what is missing by business line, and what healing does not mend', () => {
    expect(labelsOf('Missing messages')).toEqual(['telemetry', 'orders']);
    expect(labelsOf('Messages beyond healing')).toEqual(['quarantined', 'heal-deferred', 'uncaused']);
    expect(labelsOf('Age of the oldest message')).toEqual(['oldest']);
    const table = only(resourcesOf(stack), 'AWS::DynamoDB::GlobalTable', 'Ledger').id;
    expect(titled('Missing messages').metrics?.[1]?.slice(0, 4)).toEqual([
      'Waybill',
      'orders.missing-ratio',
      'ledger',
      `{{${table}}}`,
    ]);
  });

  test('shows the radar, whose function may read the ledger and write its log, nothing else', () => {
    const resources = resourcesOf(stack);
    const { id, Properties } = only(resources, 'AWS::Lambda::Function', 'DashboardRadar');
    const table = only(resources, 'AWS::DynamoDB::GlobalTable', 'Ledger').id;
    const log = only(resources, 'AWS::Logs::LogGroup', 'DashboardRadar').id;

    expect(titled('Radar')).toMatchObject({ endpoint: `{{${id}.Arn}}`, updateOn: { refresh: true, timeRange: true } });
    expect(widgets.find(({ properties }) => properties.title === 'Radar')).toMatchObject({ x: 0, width: 24 });
    expect(Properties.Environment.Variables).toEqual({ WAYBILL_LEDGER: { Ref: table }, WAYBILL_SHARDS: '16' });
    expect(allowedTo(resources, id)).toEqual({
      [`${table}.Arn`]: ['dynamodb:Query'],
      [`${log}.Arn`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    });
  });

  test.each([
    ['Dead letters', ['forward']],
    ['Messages waiting', ['forward']],
    ['Longest wait', []],
  ])('shows %s of every subscriber', (title, others) => {
    expect(labelsOf(title)).toEqual([...others, 'reserve-stock', 'count-sales']);
  });

  test('shows what lags behind a stream, and what fails', () => {
    expect(labelsOf('Lag behind a stream')).toEqual(['relay', 'count-sales']);
    expect(labelsOf('Failed invocations')).toEqual([
      'relay',
      'forwarder',
      'sweep',
      'reconciler',
      'reserve-stock',
      'count-sales',
    ]);
  });

  test('shows the latest warnings of the logs that are known, and makes no log group to know more', () => {
    const { query } = titled('Latest warnings');

    expect(query?.match(/SOURCE '[^']*'/g)).toEqual([
      expect.stringContaining('LedgerRelayLogs'),
      expect.stringContaining('LedgerForwarderLogs'),
      expect.stringContaining('LedgerSweepLogs'),
      expect.stringContaining('LedgerReconcilerLogs'),
      expect.stringContaining('ReserveExecutionLogs'),
    ]);
    Template.fromStack(stack).resourceCountIs('Custom::LogRetention', 0);
  });

  test('has no widget on top of another', () => {
    const cells = widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, cell) => `${x + (cell % width)},${y + Math.floor(cell / width)}`),
    );

    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...widgets.map(({ x, width }) => x + width))).toBe(24);
  });
});

test('of a ledger that does not reconcile, it shows no metric that is never put', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', { reconcile: false });
  new LedgerDashboard(stack, 'Dashboard', { ledger });
  shownSubscriber(stack, ledger);

  expect(JSON.stringify(widgetsIn(stack))).not.toContain('"Waybill"');
  expect(JSON.stringify(widgetsIn(stack))).toContain('reserve-stock');
});

test('without the radar, there is no function', () => {
  const stack = testStack();
  new LedgerDashboard(stack, 'Dashboard', { ledger: new Ledger(stack, 'Ledger'), radar: false });

  expect(Object.keys(resourcesOf(stack)).filter((id) => id.startsWith('DashboardRadar'))).toEqual([]);
});

test('of a ledger of another app, it shows what its reconciler puts', () => {
  const stack = testStack();
  const ledger = Ledger.fromLedgerName(stack, 'Ledger', 'shop');
  new LedgerDashboard(stack, 'Dashboard', { ledger, dashboardName: 'shop', businessLines: ['orders'] });
  shownSubscriber(stack, ledger);

  expect(only(resourcesOf(stack), 'AWS::CloudWatch::Dashboard').Properties.DashboardName).toBe('shop');
  expect(JSON.stringify(widgetsIn(stack))).toContain('["Waybill","orders.missing-ratio","ledger","shop"');
});

test("cdk-nag's AwsSolutions pass on it", () => {
  const app = testApp();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const stack = testStack('Shop', app);
  const ledger = new Ledger(stack, 'Ledger');
  new LedgerDashboard(stack, 'Dashboard', { ledger });

  expect(() => app.synth()).not.toThrow();
});

function shownSubscriber(stack: Stack, ledger: ILedger): void {
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  orders.addSubscriber(ReserveStock, { handler: handlerIn(stack), tables: { stock: tableIn(stack) } });
}
