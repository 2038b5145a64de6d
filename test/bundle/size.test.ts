import { describe, expect, test } from 'vitest';
import { type BundleWeight, measureBundle } from './measure-bundle.ts';

/** As esbuild prints sizes: 1,024 bytes. */
const KB = 1024;

/** What is read when it is loaded, as it is today, rounded up: a ratchet, to be lowered as the code shrinks. The aim is 75 and 15. One KB asks whether messages are signed. */
const CONSUMER_KB = 152;
const OWN_KB = 91;

const consumers = ['take-payment', 'reserve-stock', 'note-shipping', 'count-sales'];

describe.each(consumers)("the bundle of the example's consumer %s, without the AWS SDK,", (name) => {
  const bundle = measureBundle({ file: `examples/commerce/functions/${name}.ts` });

  test(`has at most ${CONSUMER_KB} KB`, async () => {
    const weight = await bundle;
    expect(weight.total, breakdown(weight)).toBeLessThanOrEqual(CONSUMER_KB * KB);
  });

  test(`has at most ${OWN_KB} KB of Waybill`, async () => {
    const weight = await bundle;
    expect(weight.own, breakdown(weight)).toBeLessThanOrEqual(OWN_KB * KB);
  });

  test('carries no deploy-time library and none of the simulator', async () => {
    const { parts } = await bundle;
    expect(parts.map(({ from }) => from).filter((from) => OUTSIDE_LAMBDA.test(from))).toEqual([]);
  });
});

describe.each(['relay', 'forwarder', 'sweeper'])("the framework's function %s", (name) => {
  test('carries no deploy-time library', async () => {
    const { parts } = await measureBundle({ file: `functions/${name}.ts` });
    expect(parts.map(({ from }) => from).filter((from) => OUTSIDE_LAMBDA.test(from))).toEqual([]);
  });
});

describe("the package's root", () => {
  const root = measureBundle({ text: "export * from 'waybill';" });

  test('imports nothing of the AWS SDK', async () => {
    const { imports } = await root;
    expect(imports.filter((path) => path.startsWith('@aws-sdk/'))).toEqual([]);
  });

  // Of them 2 KB are declarations of sagas.
  test('has at most 17 KB, everything that it exports included', async () => {
    const weight = await root;
    expect(weight.total, breakdown(weight)).toBeLessThanOrEqual(17 * KB);
  });

  test('costs nothing beyond what is imported of it', async () => {
    const weight = await measureBundle({ text: "import { BINDINGS } from 'waybill'; console.log(BINDINGS.ledger);" });
    expect(weight.total, breakdown(weight)).toBeLessThanOrEqual(KB);
  });
});

const OUTSIDE_LAMBDA = /^(?:aws-cdk-lib|constructs|cdk-nag)$|^lib\/(?:constructs|testing|simulator|local|cli)\//;

/** Says what is heavy where a size is over its mark. */
function breakdown({ total, own, parts }: BundleWeight): string {
  const lines = parts.slice(0, 15).map(({ from, bytes }) => `${String(bytes).padStart(7)}  ${from}`);
  return [`${total} bytes, of which ${own} are Waybill's:`, ...lines, ''].join('\n');
}
