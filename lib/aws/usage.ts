import { refusedUnits } from './refused-units.ts';

/** What AWS calls have cost: counted per request that went out, the SDK's own retries included. */
export interface Usage {
  /** Requests by operation, e.g. `{ TransactWriteItems: 12, SendMessageBatch: 2 }`. */
  readonly calls: Record<string, number>;
  /** DynamoDB write units of the calls that asked for their consumed capacity, and of writes whose condition does not hold. */
  writeUnits: number;
  /** DynamoDB read units, of the calls that asked for their consumed capacity. */
  readUnits: number;
}

/** Asks DynamoDB for what a request consumed: part of every request, so that `Usage` knows. */
export const MEASURED = { ReturnConsumedCapacity: 'TOTAL' } as const;

interface ConsumedCapacity {
  readonly CapacityUnits?: number;
  readonly ReadCapacityUnits?: number;
}

/** The middleware stack of an AWS SDK client, as far as counting needs it. */
export interface Countable {
  readonly middlewareStack: {
    remove(name: string): boolean;
    add(
      middleware: (
        next: (args: never) => Promise<{ output: object }>,
        context: { readonly commandName?: string },
      ) => (args: never) => Promise<{ output: object }>,
      options: { readonly step: 'finalizeRequest'; readonly name: string; readonly priority: 'low' },
    ): void;
  };
}

const WRITES = /^(?:Put|Update|Delete|TransactWrite|BatchWrite)/;

export function noUsage(): Usage {
  return { calls: {}, writeUnits: 0, readUnits: 0 };
}

/** Makes the client count into `usage`, and returns it. */
export function countUsage<Client extends object>(client: Client, usage: Usage): Client {
  (client as Client & Countable).middlewareStack.add(
    (next, context) => async (args) => {
      const operation = (context.commandName ?? 'Unknown').replace(/Command$/, '');
      usage.calls[operation] = (usage.calls[operation] ?? 0) + 1;
      try {
        const result = await next(args);
        addCapacity(usage, operation, result.output as { ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] });
        return result;
      } catch (error) {
        usage.writeUnits += refusedUnits((args as { readonly input?: object }).input, error);
        throw error;
      }
    },
    // 'low' runs inside the retry middleware, so that each attempt counts.
    { step: 'finalizeRequest', name: 'waybillUsage', priority: 'low' },
  );
  return client;
}

function addCapacity(
  usage: Usage,
  operation: string,
  output: { ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] },
): void {
  for (const capacity of [output.ConsumedCapacity ?? []].flat()) {
    const { CapacityUnits = 0, ReadCapacityUnits } = capacity;
    // A transaction that was sent again under its token, and is done, reads.
    const isWrite = WRITES.test(operation) && ReadCapacityUnits !== CapacityUnits;
    if (isWrite) usage.writeUnits += CapacityUnits;
    else usage.readUnits += CapacityUnits;
  }
}
