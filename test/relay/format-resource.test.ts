import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import type { Answer } from '../../lib/aws/cloudformation-answer.ts';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { readFormat, turnFormat } from '../../lib/ledger/format.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { FORMAT_RESOURCE, FORMAT_VARIABLE, FORMATS, NEWEST_FORMAT } from '../../lib/ledger/rows/format.ts';
import { eventTypeKey } from '../../lib/ledger/rows/route.ts';
import { createRegistrar } from '../../lib/relay/registrar.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';

/** A ledger, and CloudFormation in front of its registrar. */
function deployment(variables = {}) {
  const stack = new MemoryStack({ ledger: 'ledger' });
  const environment = stack.environment({ variables });
  const ledger = ledgerOf(environment);
  let told: Answer | undefined;
  const register = createRegistrar(async (_url, answer) => {
    told = answer;
  });
  let requests = 0;
  const request = async (RequestType: string, ResourceType: string, properties: object) => {
    const event = {
      RequestType,
      ResourceType,
      RequestId: `request-${++requests}`,
      StackId: 'arn:stack',
      LogicalResourceId: ResourceType === FORMAT_RESOURCE ? 'Format' : 'Route',
      ResponseURL: 'https://cloudformation/answer',
      ServiceToken: 'arn:function',
      ...(RequestType !== 'Create' && { PhysicalResourceId: 'format@Format' }),
      ResourceProperties: { ServiceToken: 'arn:function', ...properties },
    } as CloudFormationCustomResourceEvent;
    await register(event, { [ENVIRONMENT]: environment } as object);
    return told;
  };
  return {
    ledger,
    format: () => readFormat(ledger),
    turn: (format: number) => turnFormat(ledger, format),
    enterType: () => stack.ledger.write(toItem(eventTypeKey('a')), toItem({ ...eventTypeKey('a') })),
    deploy: (properties: object = {}, kind = 'Create') => request(kind, FORMAT_RESOURCE, properties),
    subscribe: (subscriber: string, reads?: number, kind = 'Create') =>
      request(kind, 'Custom::WaybillRoute', {
        subscriber,
        events: [{ type: `${subscriber}.wanted`, businessLine: 'orders' }],
        destination: { kind: 'queue', url: `https://sqs/${subscriber}` },
        deadline: '60000',
        ...(reads !== undefined && { reads: String(reads) }),
      }),
  };
}

describe("a ledger's format resource", () => {
  it('has a new ledger start at the newest format that its functions read', async () => {
    const { deploy, format } = deployment();
    expect(await deploy()).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'format@Format' });
    expect(await format()).toBe(NEWEST_FORMAT);
    const older = deployment({ [FORMAT_VARIABLE]: '2' });
    await older.deploy();
    expect(await older.format()).toBe(FORMATS.packed);
  });

  it('leaves a ledger as it is that ever had a route, or a format', async () => {
    const used = deployment();
    used.enterType();
    await used.deploy();
    expect(await used.format()).toBe(FORMATS.plain);

    const turned = deployment();
    await turned.turn(FORMATS.packed);
    await turned.deploy();
    await turned.deploy({}, 'Update');
    await turned.deploy({ format: '1' }, 'Delete');
    expect(await turned.format()).toBe(FORMATS.packed);
  });

  it('turns a format on only after its readers are deployed, and off at any time', async () => {
    const { deploy, subscribe, format } = deployment();
    await subscribe('payment', 3);
    await subscribe('stock', 1);
    expect(await deploy({ format: '3' })).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining(
        "(format-not-read): Outbox rows cannot be written in format 3 yet: 'stock' reads up to 1",
      ),
    });
    expect(await format()).toBe(FORMATS.plain);
    await subscribe('stock', 3, 'Update');
    expect(await deploy({ format: '3' })).toMatchObject({ Status: 'SUCCESS' });
    expect(await format()).toBe(FORMATS.compressed);
    await subscribe('stock', 1, 'Update');
    expect(await deploy({ format: '1' }, 'Update')).toMatchObject({ Status: 'SUCCESS' });
    expect(await format()).toBe(FORMATS.plain);
  });

  it('refuses what is no format of this version', async () => {
    const { deploy, format } = deployment({ [FORMAT_VARIABLE]: '2' });
    for (const wrong of ['0', '3', '1.5', 'packed']) {
      expect(await deploy({ format: wrong })).toMatchObject({
        Status: 'FAILED',
        Reason: expect.stringContaining(`\`format\` is ${wrong}: give a whole number from 1 to 2`),
      });
    }
    expect(await format()).toBe(FORMATS.plain);
  });
});

describe('a new subscriber that does not read what the ledger holds', () => {
  it('is refused, and told what to do', async () => {
    const { deploy, subscribe, turn } = deployment();
    await deploy();
    expect(await subscribe('payment', 2)).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining("'payment' reads formats up to 2, and outbox rows are written in format 3"),
    });
    expect(await subscribe('payment')).toMatchObject({ Status: 'FAILED' });
    await turn(FORMATS.packed);
    expect(await subscribe('payment', 2)).toMatchObject({ Status: 'SUCCESS' });
  });

  it('may go back to such a version once it is there: nothing is lost by it', async () => {
    const { deploy, subscribe } = deployment();
    await deploy();
    await subscribe('payment', 3);
    expect(await subscribe('payment', 1, 'Update')).toMatchObject({ Status: 'SUCCESS' });
  });
});
