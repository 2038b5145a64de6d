import type { Context, KinesisStreamRecord, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Environment } from '../aws/environment.ts';
import type { Change, Wire } from './engines/index.ts';
import { TestMisused, UnsupportedByEngine } from './errors.ts';
import { lambdaContext } from './lambda/lambda-event.ts';
import type { MemoryStack } from './stack/memory-stack.ts';
import type { LogLine } from './test-environment.ts';

/** The Lambda handler of a subscriber's function: what `consume` returns, with or without middlewares. */
export type ConsumerHandler = (event: never, context: never, options: never) => unknown;

/** The traces of an invocation. */
export interface Invocation {
  readonly response: SQSBatchResponse | undefined;
  readonly lines: readonly LogLine[];
  /** The rows that it changed, in the order in which they were written. */
  readonly changes: readonly Change[];
}

/** Invokes handlers on engines in memory, and tells whose changes are whose however many run at once. */
export class Invoker {
  readonly #stack: MemoryStack;
  #changes: Change[] | undefined;
  #requests = 0;

  constructor(stack: MemoryStack) {
    this.#stack = stack;
    stack.engines.dynamodb.onEvent((change) => this.#changes?.push(change));
  }

  /**
   * Hands one record to the handler.
   *
   * @param milliseconds how long the invocation may take
   * @throws TestMisused when the handler uses a table that nobody knows
   */
  async invoke(
    handler: ConsumerHandler,
    record: SQSRecord | KinesisStreamRecord,
    variables: Environment['variables'],
    milliseconds: number,
  ): Promise<Invocation> {
    this.#requests += 1;
    const changes: Change[] = [];
    const misuses: Error[] = [];
    const environment = this.#stack.environment({ variables, wire: this.#wire(changes, misuses) });
    const context = lambdaContext(environment, `request-${this.#requests}`, milliseconds);
    const run = handler as (event: object, context: Context, options: object) => unknown;
    try {
      const response = (await run({ Records: [record] }, context, {})) as SQSBatchResponse | undefined;
      return { response, lines: environment.lines, changes };
    } finally {
      // The run time takes these for errors of AWS, and would try again: they are errors of the test.
      const [misuse] = misuses;
      // biome-ignore lint/correctness/noUnsafeFinally: what the handler made of it says less
      if (misuse) throw misuse;
    }
  }

  /**
   * The environment of a producer, which runs outside of any invocation.
   *
   * @param committed takes the rows that each of its requests has changed
   */
  producer(variables: Environment['variables'], committed: (changes: readonly Change[]) => void): Environment {
    const wire: Wire = (request, apply) => {
      const changes: Change[] = [];
      const answer = this.#wire(changes, [])(request, apply);
      committed(changes);
      return answer;
    };
    return this.#stack.environment({ variables, wire });
  }

  #wire(changes: Change[], misuses: Error[]): Wire {
    return async ({ operation, input }, apply) => {
      this.#changes = changes;
      try {
        return apply();
      } catch (error) {
        if (error instanceof UnsupportedByEngine) misuses.push(error);
        if (error instanceof Error && error.name === 'ResourceNotFoundException')
          misuses.push(unknownTable(operation, input));
        throw error;
      } finally {
        this.#changes = undefined;
      }
    };
  }
}

function unknownTable(operation: string, input: object): TestMisused {
  const names = JSON.stringify(input).matchAll(/"(?:TableName|StreamName)":"([^"]*)"/g);
  const given = [...new Set([...names].map(([, name]) => `'${name}'`))].join(', ');
  return new TestMisused(
    `${operation} names a table that the test ledger does not know, among ${given}: give it a row by \`.row(Table, …)\`, or name it as its \`defineTable\` does`,
  );
}
