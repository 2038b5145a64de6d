import { expect, test } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { minuteOf } from '../../lib/contract/timestamp.ts';
import { createRadarWidget } from '../../lib/radar/widget.ts';
import { openCase } from '../../lib/reconcile/cases.ts';
import { writeRadar } from '../../lib/reconcile/radar-rows.ts';
import { NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';
import { counts } from './seeded-source.ts';

const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:radar';
const HOUR = '2026-11-23T08';

/** A ledger whose reconciler has counted an hour with a message missing. */
async function shown() {
  const world = reconcileWorld();
  const { environment, ledger } = world;
  const bucket = counts({ committed: 20, handled: 19, missing: 1 });
  await writeRadar(ledger, [{ businessLine: 'orders', minute: minuteOf(NOW), asOf: NOW, ...bucket }]);
  const id = world.mint(60_000);
  const common = { type: 'order.placed', businessLine: 'orders', tries: 2, next: NOW };
  const found = { state: 'missing', hop: 'broker', evidence: 'the queue is <empty>' } as const;
  await openCase(ledger, { ...common, ...found, id, subscriber: 'payment' });
  await openCase(ledger, { ...common, id: world.mint(1_000), subscriber: 'sales', state: 'waiting' });
  const widget = createRadarWidget();
  const context = { invokedFunctionArn: ARN, [ENVIRONMENT]: environment };
  return { id, ask: (event: Parameters<typeof widget>[0]) => widget(event, context) };
}

test('the widget says what it does when CloudWatch asks', async () => {
  const { ask } = await shown();
  expect(await ask({ describe: true })).toMatch(/^## Waybill radar/);
});

test('the widget shows the heat map, and a popup for each hour that wants attention', async () => {
  const { ask } = await shown();
  const html = await ask({ widgetContext: { theme: 'light' } });
  expect(html).toContain('aria-label="orders, Mon 23, 08:00 UTC: 20 committed, 1 missing, 19 handled"');
  expect(html).toContain(
    `</a><cwdb-action action="call" display="popup" endpoint="${ARN}">{&quot;line&quot;:&quot;orders&quot;,&quot;hour&quot;:&quot;${HOUR}&quot;}</cwdb-action>`,
  );
});

test('where no hour wants attention, the widget does not speak for letters that lie in a queue', async () => {
  const { environment, ledger } = reconcileWorld();
  const bucket = counts({ committed: 20, handled: 20 });
  await writeRadar(ledger, [{ businessLine: 'orders', minute: minuteOf(NOW), asOf: NOW, ...bucket }]);
  const context = { invokedFunctionArn: ARN, [ENVIRONMENT]: environment };
  const html = await createRadarWidget()({}, context);
  expect(html).toContain('No message of these days is missing, and none has ended dead.');
  expect(html).toContain('see the depth of the dead-letter queues');
  expect(html).not.toMatch(/nothing is dead-lettered/i);
});

test('the widget has no script, loads nothing, and keeps its styles readable', async () => {
  const { ask } = await shown();
  for (const html of [await ask({}), await ask({ line: 'orders', hour: HOUR })]) {
    expect(html).not.toMatch(/<script|<iframe|<use|\son\w+=|https?:/);
    expect(/<style>(.*?)<\/style>/s.exec(html)?.[1] ?? '').not.toContain('&');
  }
});

test('the widget is dark where the dashboard is', async () => {
  const { ask } = await shown();
  expect(await ask({ widgetContext: { theme: 'dark' } })).not.toBe(await ask({ widgetContext: { theme: 'light' } }));
});

test('the popup names the missing messages of its hour with their hop, and no others', async () => {
  const { ask, id } = await shown();
  const html = await ask({ line: 'orders', hour: HOUR });
  expect(html).toContain(id);
  expect(html).toContain('broker: sent, not received');
  expect(html).toContain('the queue is &lt;empty&gt;');
  expect(html.match(/<tr>/g)).toHaveLength(2);
  expect(await ask({ line: 'orders', hour: '2026-11-23T07' })).not.toContain(id);
});

test.each([0, 29, 1.5, 'many', null])('days of %o are as good as none', async (days) => {
  const { ask } = await shown();
  expect(await ask({ days })).toBe(await ask({}));
});
