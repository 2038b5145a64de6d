import type { Environment } from '../aws/environment.ts';
import { mayPass, type ServiceError } from '../aws/errors.ts';
import { jitter } from '../aws/retry.ts';
import { TransactionRefused } from '../contract/errors.ts';
import type { Written } from './ledger.ts';

/** What is known of a conditional write in the end. */
export type Write<Row> =
  | Written<Row>
  /** It may have been written or not. `code`: what DynamoDB called the last failure. */
  | { readonly kind: 'unknown'; readonly code: string };

/**
 * Sends a conditional write of one row until its outcome is known. A lost reply is met by the same request again, which
 * then meets its own row: so the condition must tell that row from all others.
 *
 * @param send sends the request, once
 * @param until when to stop trying, in milliseconds since the epoch
 * @throws TransactionRefused when DynamoDB refuses it for what no retry mends, and it cannot have been written
 */
export async function untilKnown<Row>(
  environment: Environment,
  until: number,
  send: () => Promise<Written<Row>>,
): Promise<Write<Row>> {
  for (let repeats = 0; ; repeats++) {
    try {
      return await send();
    } catch (thrown) {
      const error = thrown as ServiceError;
      if (!mayPass(error) && repeats === 0 && isFirstAttempt(error)) {
        throw new TransactionRefused(`DynamoDB refused the write: ${error.name}`, { cause: error });
      }
      const pause = jitter(environment, repeats);
      if (!mayPass(error) || environment.now() + pause >= until) return { kind: 'unknown', code: error.name };
      await environment.sleep(pause);
    }
  }
}

/** The SDK itself tries again: then an attempt before this one may have been carried out. */
function isFirstAttempt({ $metadata = {} }: ServiceError): boolean {
  const { attempts = 1 } = $metadata as { readonly attempts?: number };
  return attempts <= 1;
}
