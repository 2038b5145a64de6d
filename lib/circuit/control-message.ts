import type { Environment } from '../aws/environment.ts';
import { sendMessages } from '../aws/send-batch.ts';
import { MalformedMessage, SendFailed } from '../contract/errors.ts';

/** What the control queue carries: whose circuit the controller is to look after, or whose event source is to be scaled. */
export type ControlMessage = { readonly circuit: string } | { readonly scale: string };

/** @throws SendFailed when the control queue does not take it */
export async function sendControl(
  environment: Environment,
  queueUrl: string,
  message: ControlMessage,
  delaySeconds = 0,
): Promise<void> {
  const delay = delaySeconds > 0 && { delaySeconds };
  const body = JSON.stringify(message);
  const [failure] = await sendMessages(environment, queueUrl, [{ body, ...delay }]);
  if (failure) throw new SendFailed(`The control queue does not take ${body}: ${failure.code}`);
}

/** @throws MalformedMessage when the text is no control message */
export function controlMessageIn(text: string): ControlMessage {
  let message: { readonly circuit?: unknown; readonly scale?: unknown } | null = null;
  try {
    message = JSON.parse(text);
  } catch {
    // As what names no subscriber.
  }
  const { circuit, scale } = message ?? {};
  if (typeof circuit === 'string') return { circuit };
  if (typeof scale === 'string') return { scale };
  throw new MalformedMessage('The control message names no subscriber');
}
