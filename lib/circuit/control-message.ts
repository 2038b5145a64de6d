import type { Environment } from '../aws/environment.ts';
import { sendMessages } from '../aws/send-batch.ts';
import { MalformedMessage, SendFailed } from '../contract/errors.ts';

/** What the control queue carries: whose circuit the controller is to look after. */
export interface ControlMessage {
  readonly circuit: string;
}

/** @throws SendFailed when the control queue does not take it */
export async function sendControl(environment: Environment, queueUrl: string, subscriber: string): Promise<void> {
  const message: ControlMessage = { circuit: subscriber };
  const [failure] = await sendMessages(environment, queueUrl, [{ body: JSON.stringify(message) }]);
  if (failure) throw new SendFailed(`The control queue does not take the circuit of '${subscriber}': ${failure.code}`);
}

/** @throws MalformedMessage when the text is no control message */
export function controlMessageIn(text: string): ControlMessage {
  let message: Partial<ControlMessage> | null = null;
  try {
    message = JSON.parse(text) as Partial<ControlMessage> | null;
  } catch {
    // As what names no subscriber.
  }
  if (typeof message?.circuit !== 'string') throw new MalformedMessage('The control message names no subscriber');
  return { circuit: message.circuit };
}
