import type { IConstruct } from 'constructs';
import { WaybillError } from '../contract/errors.ts';
import './plain-failure.ts';

/**
 * A construct was given properties that cannot work. Thrown while the app is synthesized; the construct's path ends the
 * message.
 */
export class InvalidConstruct extends WaybillError {
  readonly code = 'invalid-construct';

  constructor(construct: IConstruct, message: string) {
    super(`${message} (at '${construct.node.path}')`);
  }
}

/** Names as a message lists them. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
