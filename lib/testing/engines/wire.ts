import { UnsupportedByEngine } from '../errors.ts';

/** A request on its way from a client to an engine. */
export interface Request {
  /** e.g. `TransactWriteItems` */
  readonly operation: string;
  /** The command's input; not to be changed. */
  readonly input: object;
}

/**
 * Carries a request to an engine and the answer back. `apply` does what the request says, at once, and returns the
 * output or throws as the SDK would; a wire may call it late, not at all, or more than once, and may lose the answer:
 * this is where delays and faults are injected.
 */
export type Wire = (request: Request, apply: () => object) => Promise<object>;

/** Applies each request at once and answers in a microtask. */
export const directWire: Wire = async (_request, apply) => apply();

/** A command of an AWS SDK client: its class says the operation. */
export interface SdkCommand {
  readonly input: object;
}

/** The operations of an engine by name: each reads an input and returns an output, or throws as the SDK would. */
export type Operations = Readonly<Record<string, (input: never) => object>>;

/** A middleware of the SDK, as far as `countUsage` of the run time needs it. */
type Middleware = (
  next: (args: never) => Promise<{ output: object }>,
  context: { readonly commandName?: string },
) => (args: never) => Promise<{ output: object }>;

/** An engine's client with the types of the SDK's. */
export type ClientOf<Client extends { send: unknown }> = Pick<Client, 'send'> &
  Pick<EngineClient, 'middlewareStack' | 'destroy'>;

/** Answers like a client of the AWS SDK: a thin shell around an engine. */
export class EngineClient {
  readonly #operations: Operations;
  readonly #wire: Wire;
  readonly #middleware: Middleware[] = [];

  constructor(operations: Operations, wire: Wire) {
    this.#operations = operations;
    this.#wire = wire;
  }

  readonly middlewareStack = {
    add: (middleware: Middleware): void => {
      this.#middleware.push(middleware);
    },
  };

  async send(command: SdkCommand): Promise<object> {
    const answer = async () => ({
      output: await this.#wire(requestOf(command), () => applied(this.#operations, command)),
    });
    const handler = this.#middleware.reduce<(args: never) => Promise<{ output: object }>>(
      (next, middleware) => middleware(next, { commandName: command.constructor.name }),
      answer,
    );
    return (await handler({ input: command.input } as never)).output;
  }

  destroy(): void {}
}

/**
 * Carries a command out, at once.
 *
 * @throws UnsupportedByEngine when the engine does not know the operation
 */
export function applied(operations: Operations, command: SdkCommand): object {
  const { operation, input } = requestOf(command);
  const apply = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (!apply) {
    const known = Object.keys(operations).join(', ');
    throw new UnsupportedByEngine(`The engine in memory does not know ${operation}; it knows ${known}`);
  }
  return { $metadata: { httpStatusCode: 200, attempts: 1, totalRetryDelay: 0 }, ...apply(input as never) };
}

function requestOf(command: SdkCommand): Request {
  return { operation: command.constructor.name.replace(/Command$/, ''), input: command.input };
}
