import { InvalidArgumentError } from 'commander';
import { isMessageId } from '../message/message-id.ts';

/** Reads the id of a message, or of a half message, on a command line. */
export function messageIdOf(text: string): string {
  if (!isMessageId(text)) {
    throw new InvalidArgumentError('It is no message id: one looks like 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f.');
  }
  return text;
}
