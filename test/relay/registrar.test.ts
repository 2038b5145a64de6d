import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../lib/aws/cloudformation-answer.ts';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import type { RouteRow } from '../../lib/ledger/rows/route.ts';
import { EVENT_TYPES, routeKey } from '../../lib/ledger/rows/route.ts';
import { createRegistrar, ROUTE_LEAD_MS } from '../../lib/relay/registrar.ts';
import { type Answers, awsError, FAKE_NOW, type FakeEnvironment, fakeEnvironment } from '../aws/fake-environment.ts';

interface Properties {
  readonly subscriber: string;
  readonly events: readonly { readonly type: string; readonly businessLine: string }[];
  readonly destination: { readonly kind: string; readonly url?: string; readonly name?: string };
  readonly deadline: string;
}

const payment = (types: readonly string[] = ['order.placed'], url = 'https://sqs/payment'): Properties => ({
  subscriber: 'payment',
  events: types.map((type) => ({ type, businessLine: 'orders' })),
  destination: { kind: 'queue', url },
  deadline: '60000',
});

/** A ledger that holds routes, and CloudFormation in front of it. */
function deployment(answers: Answers = {}, variables = {}) {
  const rows = new Map<string, NonNullable<Parameters<NonNullable<Answers['PutItem']>>[0]['Item']>>();
  const environment: FakeEnvironment = fakeEnvironment({
    variables,
    answers: {
      Query: ({ ExpressionAttributeValues = {} }) => ({
        Items: [...rows.values()].filter((row) => row.pk?.S === ExpressionAttributeValues[':pk']?.S),
      }),
      PutItem: ({ Item = {}, ConditionExpression, ExpressionAttributeValues = {} }) => {
        const key = `${Item.pk?.S} ${Item.sk?.S}`;
        if (Item.pk?.S === EVENT_TYPES) {
          rows.set(key, Item);
          return {};
        }
        const read = ExpressionAttributeValues[':read']?.N;
        expect(ConditionExpression).toBe(read ? 'revision = :read' : 'attribute_not_exists(revision)');
        if (rows.get(key)?.revision?.N !== read) throw awsError('ConditionalCheckFailedException');
        rows.set(key, Item);
        return {};
      },
      ...answers,
    },
  });
  const told: (Answer & { readonly url: string; readonly at: number })[] = [];
  const register = createRegistrar(async (url, answer) => {
    told.push({ ...answer, url, at: environment.now() });
  });
  let requests = 0;
  return {
    environment,
    told,
    /** Sends a request and gives CloudFormation's answer. */
    async request(kind: 'Create' | 'Update' | 'Delete', properties: object, more: Record<string, unknown> = {}) {
      const event = {
        RequestType: kind,
        ResponseURL: 'https://cloudformation/answer',
        StackId: 'arn:stack',
        RequestId: `request-${++requests}`,
        LogicalResourceId: 'Routes',
        ResourceType: 'Custom::WaybillRoutes',
        ServiceToken: 'arn:function',
        ResourceProperties: { ServiceToken: 'arn:function', ...properties },
        ...(kind !== 'Create' && { PhysicalResourceId: 'payment@Routes' }),
        ...more,
      } as CloudFormationCustomResourceEvent;
      await register(event, { [ENVIRONMENT]: environment } as object);
      return told.at(-1)!;
    },
    row(type = 'order.placed', subscriber = 'payment') {
      const { pk, sk } = routeKey(type, subscriber);
      const item = rows.get(`${pk} ${sk}`);
      return item && (unmarshall(item) as RouteRow);
    },
    /** The event types of which the ledger says that they have routes. */
    types: () => [...rows.values()].flatMap(({ pk, sk }) => (pk?.S === EVENT_TYPES ? [sk?.S] : [])),
  };
}

const SUCCESS = { Status: 'SUCCESS', PhysicalResourceId: 'payment@Routes' };

describe('registering routes', () => {
  it('gives the first subscriber of an event type every message there ever was, and answers at once', async () => {
    const { request, row, types, told, environment } = deployment();
    expect(await request('Create', payment())).toEqual({
      ...SUCCESS,
      StackId: 'arn:stack',
      RequestId: 'request-1',
      LogicalResourceId: 'Routes',
      url: 'https://cloudformation/answer',
      at: FAKE_NOW,
    });
    expect(row()).toMatchObject({
      pk: 'route#order.placed',
      sk: 'payment',
      type: 'order.placed',
      subscriber: 'payment',
      since: 0,
      destination: { kind: 'queue', url: 'https://sqs/payment' },
      deadline: 60_000,
      businessLine: 'orders',
    });
    expect(types()).toEqual(['order.placed']);
    expect(told).toHaveLength(1);
    expect(environment.inputs('Query')[0]).toMatchObject({ ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' });
  });

  it('starts a later subscriber a little ahead, and answers only once that moment has passed', async () => {
    const { request, row } = deployment();
    await request('Create', payment());
    const stock = { ...payment(), subscriber: 'stock' };
    const { at, Status } = await request('Create', stock, { LogicalResourceId: 'Stock' });
    const { since } = row('order.placed', 'stock')!;
    expect(Status).toBe('SUCCESS');
    expect(since).toBe(FAKE_NOW + ROUTE_LEAD_MS);
    expect(at).toBeGreaterThan(since);
    expect(row()?.since).toBe(0);
  });

  it('writes down the newest row format that both the subscriber and the ledger read', async () => {
    const older = deployment({}, { WAYBILL_NEWEST_FORMAT: '2' });
    const newer = deployment();
    for (const { request } of [older, newer]) await request('Create', { ...payment(), reads: '3' });
    expect([older.row()?.reads, newer.row()?.reads]).toEqual([2, 3]);
    // A rollback of the subscriber lowers it, also to a version that says nothing of formats.
    const { request, row } = newer;
    const OldResourceProperties = { ...payment(), reads: '3' };
    await request('Update', { ...payment(), reads: '1' }, { OldResourceProperties });
    expect(row()?.reads).toBe(1);
    await request('Update', payment(), { OldResourceProperties });
    expect(row()).not.toHaveProperty('reads');
    expect(await request('Update', { ...payment(), reads: 'all' }, { OldResourceProperties })).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining("'reads'"),
    });
  });

  it('sets a start again that had passed before its row was written', async () => {
    let slow = 2;
    const { request, row, environment } = deployment();
    await request('Create', payment());
    const put = environment.answers.PutItem!;
    const writtenAt: number[] = [];
    environment.answers.PutItem = (input, nth) => {
      if (slow-- > 0) environment.advance(ROUTE_LEAD_MS + 500);
      writtenAt.push(environment.now());
      return put(input, nth);
    };
    const { Status } = await request('Create', { ...payment(), subscriber: 'stock' });
    expect(Status).toBe('SUCCESS');
    expect(writtenAt).toHaveLength(3);
    expect(row('order.placed', 'stock')!.since).toBeGreaterThan(writtenAt.at(-1)!);
  });

  it('says so when no row can be written in time', async () => {
    const { request, environment } = deployment();
    await request('Create', payment());
    const put = environment.answers.PutItem!;
    environment.answers.PutItem = (input, nth) => {
      environment.advance(ROUTE_LEAD_MS + 500);
      return put(input, nth);
    };
    const answer = await request('Create', { ...payment(), subscriber: 'stock' });
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'stock@Routes' });
    expect(answer.Reason).toContain('commit-undecided');
    expect(environment.lines).toContainEqual({
      level: 'error',
      message: 'routes not registered',
      fields: expect.objectContaining({ code: 'commit-undecided', why: expect.stringContaining("'stock'") }),
    });
    const summaries = environment.lines.filter(({ message }) => message === 'register-routes');
    expect(summaries.map(({ fields }) => fields)).toMatchObject([{ registered: 1 }, { refused: 1 }]);
  });

  it('does not move a start when CloudFormation sends the same request twice', async () => {
    const { request, row, environment } = deployment();
    await request('Create', payment(), { RequestId: 'same' });
    await request('Create', payment(), { RequestId: 'same' });
    expect(row()).toMatchObject({ since: 0, revision: 1 });

    const stock = { ...payment(), subscriber: 'stock' };
    await request('Create', stock, { RequestId: 'other' });
    const { since } = row('order.placed', 'stock')!;
    environment.advance(60_000);
    await request('Create', stock, { RequestId: 'a later one' });
    expect(row('order.placed', 'stock')?.since).toBe(since);
  });

  it('repeats a request whose first try was broken off while it waited', async () => {
    const { request, row, environment } = deployment();
    await request('Create', payment());
    const stock = { ...payment(), subscriber: 'stock' };
    await request('Create', stock, { RequestId: 'same' });
    const first = row('order.placed', 'stock')!.since;
    environment.advance(60_000);
    const { Status, at } = await request('Create', stock, { RequestId: 'same' });
    // Nobody knows whether the first try wrote its row in time.
    expect(Status).toBe('SUCCESS');
    expect(row('order.placed', 'stock')!.since).toBeGreaterThan(first + 60_000);
    expect(at).toBeGreaterThan(row('order.placed', 'stock')!.since);
  });

  it('keeps the start when destination and deadline change, ends what is dropped, and starts what is added', async () => {
    const { request, row, environment } = deployment();
    const before = payment(['order.placed', 'order.cancelled']);
    await request('Create', before);
    environment.advance(60_000);
    const after = { ...payment(['order.placed', 'order.paid'], 'https://sqs/other'), deadline: '5000' };
    expect(await request('Update', after, { OldResourceProperties: before })).toMatchObject(SUCCESS);
    expect(row()).toMatchObject({ since: 0, destination: { url: 'https://sqs/other' }, deadline: 5_000 });
    expect(row()?.until).toBeUndefined();
    expect(row('order.cancelled')).toMatchObject({ since: 0, until: FAKE_NOW + 60_000 });
    expect(row('order.paid')).toMatchObject({ since: 0 });
  });

  it('starts anew what is added again', async () => {
    const { request, row, environment } = deployment();
    await request('Create', payment());
    await request('Delete', payment());
    expect(row()).toMatchObject({ since: 0, until: FAKE_NOW });
    environment.advance(60_000);
    await request('Create', payment());
    expect(row()).toMatchObject({ since: FAKE_NOW + 60_000 + ROUTE_LEAD_MS });
    expect(row()?.until).toBeUndefined();
  });

  it('replaces the resource when the subscriber has another name, and only then', async () => {
    const { request, row } = deployment();
    await request('Create', payment());
    const renamed = { ...payment(), subscriber: 'charge' };
    const answer = await request('Update', renamed, { OldResourceProperties: payment() });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'charge@Routes' });
    // CloudFormation deletes the former resource once the whole update has succeeded.
    expect(row()?.until).toBeUndefined();
    await request('Delete', payment());
    expect(row()?.until).toBeDefined();
    expect(row('order.placed', 'charge')?.until).toBeUndefined();
  });

  it('takes back a renaming that failed half-way', async () => {
    const { request, row } = deployment();
    await request('Create', payment());
    const renamed = { ...payment(), subscriber: 'charge' };
    await request('Create', renamed);
    // The roll-back: the physical id is still the former one, so CloudFormation will not delete the new routes.
    await request('Update', payment(), { OldResourceProperties: renamed });
    expect(row('order.placed', 'charge')?.until).toBeDefined();
    expect(row()?.until).toBeUndefined();
  });

  it('leaves the route to a construct that has moved, and gives it back when the move is rolled back', async () => {
    const moved = { StackId: 'arn:other-stack' };
    const { request, row } = deployment();
    await request('Create', payment());
    await request('Create', payment(['order.placed'], 'https://sqs/moved'), moved);
    expect(row()).toMatchObject({ since: 0, destination: { url: 'https://sqs/moved' } });

    await request('Delete', payment(['order.placed'], 'https://sqs/moved'), moved);
    expect(row()).toMatchObject({ since: 0, destination: { url: 'https://sqs/payment' } });
    expect(row()?.until).toBeUndefined();

    await request('Create', payment(['order.placed'], 'https://sqs/moved'), moved);
    await request('Delete', payment());
    expect(row()).toMatchObject({ since: 0, destination: { url: 'https://sqs/moved' } });
    expect(row()?.until).toBeUndefined();
    await request('Delete', payment());
    expect(row()?.until).toBeUndefined();
    await request('Delete', payment(), moved);
    expect(row()?.until).toBe(FAKE_NOW);
  });

  it('changes the claim of the construct that asks, and no other: the last one has the route', async () => {
    const moved = { StackId: 'arn:other-stack' };
    const movedTo = payment(['order.placed'], 'https://sqs/moved');
    const { request, row } = deployment();
    await request('Create', payment());
    await request('Create', movedTo, moved);
    const changed = payment(['order.placed'], 'https://sqs/changed');
    await request('Update', changed, { OldResourceProperties: payment() });
    expect(row()).toMatchObject({ destination: { url: 'https://sqs/moved' } });

    await request('Delete', movedTo, moved);
    expect(row()).toMatchObject({ destination: { url: 'https://sqs/changed' } });
  });

  it('deletes what is not there, what was never valid, and what lies in a ledger that is gone', async () => {
    const { request } = deployment();
    expect(await request('Delete', payment())).toMatchObject(SUCCESS);
    expect(await request('Delete', { subscriber: 7 })).toMatchObject(SUCCESS);
    const gone = deployment({
      Query: () => {
        throw awsError('ResourceNotFoundException');
      },
    });
    expect(await gone.request('Delete', payment())).toMatchObject(SUCCESS);
  });

  it.each([
    ['events', { ...payment(), events: [] }],
    ['subscriber', { ...payment(), subscriber: '' }],
    ['events.type', { ...payment(), events: [{ businessLine: 'orders' }] }],
    ['events.businessLine', { ...payment(), events: [{ type: 'order.placed' }] }],
    ['destination.kind', { ...payment(), destination: { kind: 'topic' } }],
    ['destination.url', { ...payment(), destination: { kind: 'queue' } }],
    ['destination.name', { ...payment(), destination: { kind: 'stream' } }],
    ['destination.retryQueueUrl', { ...payment(), destination: { kind: 'stream', name: 'clicks' } }],
    ['deadline', { ...payment(), deadline: 'soon' }],
    ['events', {}],
  ])('refuses a resource whose %s is wrong, and says which', async (property, properties) => {
    const { request, environment } = deployment();
    const answer = await request('Create', properties);
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toContain(`'${property}'`);
    expect(environment.calls).toEqual([]);
  });

  it('never leaves CloudFormation waiting', async () => {
    const throttled = deployment({
      Query: () => {
        throw awsError('ProvisionedThroughputExceededException');
      },
    });
    const refused = await throttled.request('Create', payment());
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'payment@Routes' });
    expect(refused.Reason).toContain('ProvisionedThroughputExceededException');
    expect(await throttled.request('Update', payment(), { OldResourceProperties: {} })).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: 'payment@Routes',
    });

    const unbound = deployment({}, { WAYBILL_LEDGER: undefined });
    expect((await unbound.request('Create', payment())).Reason).toContain('missing-binding');

    const hanging = deployment({ Query: () => new Promise(() => undefined) });
    const late = await hanging.request('Create', payment());
    expect(late.Reason).toContain('could not be written within 45000 ms');
  });

  it('writes nothing after it has answered', async () => {
    let answer: (() => void) | undefined;
    const { request, environment } = deployment({
      Query: () =>
        new Promise((resolve) => {
          answer = () => resolve({ Items: [] });
        }),
    });
    expect((await request('Create', payment())).Status).toBe('FAILED');
    answer?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(environment.inputs('PutItem')).toEqual([]);
  });

  it('tries an answer again, and lets Lambda invoke it again when none gets through', async () => {
    const environment = fakeEnvironment();
    let tries = 0;
    const failing = (times: number) =>
      createRegistrar(async () => {
        if (tries++ < times) throw new Error('connection reset');
      });
    const event = {
      RequestType: 'Delete',
      ResponseURL: 'https://cloudformation/answer',
      PhysicalResourceId: 'payment@Routes',
      ResourceProperties: payment(),
    } as unknown as CloudFormationCustomResourceEvent;
    await failing(2)(event, { [ENVIRONMENT]: environment } as object);
    expect(tries).toBe(3);
    tries = 0;
    await expect(failing(99)(event, { [ENVIRONMENT]: environment } as object)).rejects.toThrow('connection reset');
    expect(tries).toBe(4);
  });

  it('ends with the routes of whoever is still deployed, in whichever order resources come and go at once', async () => {
    const owners = ['arn:a', 'arn:b', 'arn:c'] as const;
    const step = fc.record({ owner: fc.constantFrom(...owners), kind: fc.constantFrom('Create', 'Delete') });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 3 }), { maxLength: 8 }), async (rounds) => {
        const { request, row } = deployment();
        const deployed: string[] = [];
        for (const round of rounds) {
          // What happens at once concerns different stacks.
          const steps = round.filter(({ owner }, index) => round.findIndex((one) => one.owner === owner) === index);
          await Promise.all(
            steps.map(({ owner, kind }) =>
              request(kind as 'Create', payment(['order.placed'], owner), { StackId: owner }),
            ),
          );
          for (const { owner, kind } of steps) {
            const at = deployed.indexOf(owner);
            if (kind === 'Delete' && at >= 0) deployed.splice(at, 1);
            if (kind === 'Create' && at < 0) deployed.push(owner);
          }
          const urls = deployed.map((url) => ({ kind: 'queue', url }));
          if (urls.length > 0) expect(urls).toContainEqual(row()?.destination);
          expect(row() !== undefined && row()?.until === undefined).toBe(urls.length > 0);
        }
      }),
    );
  });
});
