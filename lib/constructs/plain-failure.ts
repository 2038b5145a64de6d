import { writeSync } from 'node:fs';
import { isWaybillError } from '../contract/errors.ts';

/** The folder of the package's code, whose frames tell nobody where the mistake is. */
const OWN = new URL('../', import.meta.url).href;

const FRAME = /^\s+at .*:\d+:\d+\)?$/;
const FOREIGN = /node:|node_modules/;

/**
 * What a process that synthesizes an app prints of an error that nobody caught: the code, the sentences, and the line of the
 * app, instead of a stack of Node's. `undefined` for what is not Waybill's, which Node prints as ever.
 */
export function plainFailure(error: unknown): string | undefined {
  if (isWaybillError(error)) {
    const frames = error.stack?.split('\n').filter((line) => FRAME.test(line) && !FOREIGN.test(line)) ?? [];
    const frame = frames.find((line) => !line.includes(OWN));
    return `${error.name} [${error.code}]: ${error.message}\n${frame ? `${frame}\n` : ''}`;
  }
  // What CDK throws where a rule refuses the app: each finding begins with the rule's id.
  return error instanceof Error && error.message.includes('[waybill:') ? `${error.message}\n` : undefined;
}

// Unlike a listener of `uncaughtException`, a monitor leaves every other error to Node. Whoever listens decides instead.
process.on('uncaughtExceptionMonitor', (error) => {
  const text = process.listenerCount('uncaughtException') === 0 ? plainFailure(error) : undefined;
  if (text === undefined) return;
  writeSync(process.stderr.fd, text);
  process.exit(1);
});
