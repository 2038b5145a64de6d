import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { type HostEndpoints, type HostedStacks, hostStacks, type Trouble } from 'waybill/testing';
import { type Deployment, deploymentOf, STACK_NAME } from '../../demo/deployment.ts';
import { handler as countSales } from '../../examples/commerce/functions/count-sales.ts';
import { handler as noteShipping } from '../../examples/commerce/functions/note-shipping.ts';
import { handler as reserveStock } from '../../examples/commerce/functions/reserve-stock.ts';
import { handler as takePayment } from '../../examples/commerce/functions/take-payment.ts';
import { Commerce } from '../../examples/commerce/stack.ts';
import { type FaultyWire, faultyWire } from './faults.ts';

export const HANDLERS = {
  'take-payment': takePayment,
  'reserve-stock': reserveStock,
  'note-shipping': noteShipping,
  'count-sales': countSales,
};

/** The template of the example shop, as it is deployed. */
export function shopTemplate(): object {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  return Template.fromStack(new Commerce(app, STACK_NAME, { disposable: true })).toJSON();
}

/** The example shop in engines, with its handlers in this process behind a wire on which faults can strike. */
export class HostedShop {
  readonly stacks: HostedStacks;
  readonly deployment: Deployment;
  readonly faults: FaultyWire;
  readonly troubles: Trouble[];

  private constructor(stacks: HostedStacks, faults: FaultyWire, troubles: Trouble[]) {
    this.stacks = stacks;
    this.faults = faults;
    this.troubles = troubles;
    this.deployment = deploymentOf(stacks.outputs[STACK_NAME] ?? {});
  }

  static async open(endpoints: HostEndpoints): Promise<HostedShop> {
    const faults = faultyWire();
    const troubles: Trouble[] = [];
    const stacks = await hostStacks({
      ...endpoints,
      templates: { [STACK_NAME]: shopTemplate() },
      handlers: HANDLERS,
      wire: faults.wire,
      observer: { troubled: (trouble) => troubles.push(trouble) },
    });
    return new HostedShop(stacks, faults, troubles);
  }

  /** All rows of the ledger whose partition key begins so. */
  async ledgerRows<Row = Readonly<Record<string, unknown>>>(prefix: string): Promise<Row[]> {
    const rows: Row[] = [];
    let from: Record<string, never> | undefined;
    do {
      const page = await this.stacks.environment.dynamodb.send(
        new ScanCommand({
          TableName: this.deployment.ledger,
          ConsistentRead: true,
          FilterExpression: 'begins_with(pk, :prefix)',
          ExpressionAttributeValues: { ':prefix': { S: prefix } },
          ...(from && { ExclusiveStartKey: from }),
        }),
      );
      rows.push(...(page.Items ?? []).map((item) => unmarshall(item) as Row));
      from = page.LastEvaluatedKey as typeof from;
    } while (from);
    return rows;
  }

  /** Puts a copy where the subscriber reads. */
  async deliverCopy(subscriber: string, body: string): Promise<void> {
    const { queueUrl, streamName } = this.deployment.subscribers[subscriber] ?? {};
    const { sqs, kinesis } = this.stacks.environment;
    if (streamName === undefined) {
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
      return;
    }
    const Records = [{ PartitionKey: 'copy', Data: Buffer.from(body) }];
    const client = await kinesis();
    await client.send(new PutRecordsCommand({ StreamName: streamName, Records }));
  }
}
