import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FilterLogEventsCommandInput, FilterLogEventsCommandOutput } from '@aws-sdk/client-cloudwatch-logs';
import { onTestFinished } from 'vitest';

export interface Deployed {
  /** The variables of deployed functions, with their `FunctionName` and `LogGroup`; without them there is no Lambda. */
  readonly functions?: readonly Record<string, string>[];
  /** What a table's query ends with, where it fails. */
  readonly tables: Readonly<Record<string, string | undefined>>;
  /** Answers CloudWatch Logs' FilterLogEvents; without it there are no logs. */
  readonly logs?: (input: FilterLogEventsCommandInput) => Partial<FilterLogEventsCommandOutput> | undefined;
}

/** As much of AWS as looking for a ledger asks: the ledgers that are there are empty. Ends with the test. */
export async function deployed({ functions, tables, logs }: Deployed): Promise<string> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url?.startsWith('/2015-03-31/functions')) {
      const Functions = functions?.map(({ FunctionName = 'f', LogGroup, ...Variables }) => ({
        ...{ FunctionName, Environment: { Variables } },
        ...(LogGroup && { LoggingConfig: { LogGroup } }),
      }));
      return functions ? answer(200, { Functions }) : answer(403, { Message: 'no Lambda here' });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (chunks.length === 0) return answer(200, {});
    if (String(request.headers['x-amz-target']).endsWith('FilterLogEvents')) {
      const found = logs?.(JSON.parse(Buffer.concat(chunks).toString()));
      return found ? answer(200, found) : answer(400, { __type: 'ResourceNotFoundException', message: 'no group' });
    }
    const { TableName } = JSON.parse(Buffer.concat(chunks).toString()) as { TableName: string };
    const failure = TableName in tables ? tables[TableName] : 'ResourceNotFoundException';
    return failure ? answer(400, { __type: failure, message: failure }) : answer(200, { Items: [], Count: 0 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
