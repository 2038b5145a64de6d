import type { OutgoingHttpHeaders } from 'node:http';

/** A call to an AWS service on its way. */
export interface Call {
  /** Who calls: the application id in its user agent, which functions have from `AWS_SDK_UA_APP_ID`. */
  readonly by: string;
  /** E.g. `TransactWriteItems`. */
  readonly operation: string;
  readonly input: Input;
}

/** The JSON of a request. */
export type Input = Readonly<Record<string, unknown>>;

/** The answer of a service. */
export interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Has the engine carry a request out. */
export type Forward = (input: Input) => Promise<Reply>;
