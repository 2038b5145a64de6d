import type { CloudFormationCustomResourceEvent as CustomResourceEvent } from 'aws-lambda';
import { FormatNotRead, InvalidDefinition } from '../contract/errors.ts';
import { type FormatReader, readFormat, startFormat, turnFormat } from '../ledger/format.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { FORMATS, newestFormat } from '../ledger/rows/format.ts';

/**
 * Turns a ledger's format as the stack's resource says: `{ format }`. Without a `format` a new ledger starts at the newest,
 * and any other one keeps what it has, as does one whose resource is deleted.
 *
 * @throws FormatNotRead while somebody does not read the format: nothing is changed
 * @throws InvalidDefinition when the stack's functions do not know the format
 */
export async function registerFormat(ledger: Ledger, event: CustomResourceEvent): Promise<void> {
  if (event.RequestType === 'Delete') return;
  const { format: given } = event.ResourceProperties as { readonly format?: unknown };
  if (given === undefined) {
    if (event.RequestType === 'Create') await startFormat(ledger);
    return;
  }
  const format = Number(given);
  const newest = newestFormat(ledger.environment);
  if (!Number.isInteger(format) || format < FORMATS.plain || format > newest) {
    throw new InvalidDefinition(`\`format\` is ${String(given)}: give a whole number from 1 to ${newest}`);
  }
  const behind = await turnFormat(ledger, format);
  if (behind.length === 0) return;
  const who = behind.map(({ subscriber, reads }) => `'${subscriber}' reads up to ${reads}`).join(', ');
  throw new FormatNotRead(
    `Outbox rows cannot be written in format ${format} yet: ${who}. Deploy them with this version first, then give the ledger its \`format\``,
  );
}

/**
 * Refuses a new subscriber whose code does not read what the ledger's outbox rows hold.
 *
 * @throws FormatNotRead with what to do
 */
export async function refuseOlderReader(
  ledger: Ledger,
  { subscriber, reads = FORMATS.plain }: Pick<FormatReader, 'subscriber'> & Partial<FormatReader>,
): Promise<void> {
  const format = await readFormat(ledger);
  if (reads >= format) return;
  throw new FormatNotRead(
    `'${subscriber}' reads formats up to ${reads}, and outbox rows are written in format ${format}: deploy it and the ledger's stack with a version that reads it, or turn the format down by \`waybill ledger format --set ${reads}\``,
  );
}
