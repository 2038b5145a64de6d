import type { Context, KinesisStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';

// The declarations of middy are not named here: they do not compile where a package that middy leaves out is not installed.

/** The Lambda handler of a subscriber's function: a middy handler, so that middlewares can be added by `.use()`. */
export interface Consumer {
  (event: SQSEvent | KinesisStreamEvent, context: Context): Promise<SQSBatchResponse>;
  /** Adds middlewares: `before` in their order, `after` and `onError` in the opposite one. */
  use(middlewares: ConsumerMiddleware | readonly ConsumerMiddleware[]): Consumer;
  /** Adds middlewares of other libraries, such as Powertools', whatever they expect of an invocation. */
  use(middlewares: ForeignMiddleware | readonly ForeignMiddleware[]): Consumer;
  /** Adds what runs before the handler. */
  before(middleware: (request: ConsumerRequest) => unknown): Consumer;
  /** Adds what runs after the handler. */
  after(middleware: (request: ConsumerRequest) => unknown): Consumer;
  /** Adds what runs when the handler or a middleware throws. */
  onError(middleware: (request: ConsumerRequest) => unknown): Consumer;
}

/** What wraps a whole batch. A middleware that returns something else than undefined ends the invocation with it. */
export interface ConsumerMiddleware {
  readonly before?: (request: ConsumerRequest) => unknown;
  readonly after?: (request: ConsumerRequest) => unknown;
  readonly onError?: (request: ConsumerRequest) => unknown;
  readonly name?: string;
}

/** An invocation, as middlewares see and change it. */
export interface ConsumerRequest {
  event: SQSEvent | KinesisStreamEvent;
  context: Context;
  response: SQSBatchResponse | null | undefined;
  error: Error | null | undefined;
  /** What middlewares keep for each other. */
  readonly internal: Record<string, unknown>;
}

/** A middleware that declares what it expects of an invocation in its own words. */
export interface ForeignMiddleware {
  readonly before?: (request: never) => unknown;
  readonly after?: (request: never) => unknown;
  readonly onError?: (request: never) => unknown;
}
