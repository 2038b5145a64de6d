import type { BatchResultErrorEntry, SQSServiceException } from '@aws-sdk/client-sqs';
import { emptyBatch, idsNotDistinct, invalidBatchEntryId, tooManyEntries } from './exceptions.ts';

export const MAX_BATCH = 10;

/** The entries of a batch, if SQS takes it as a whole. */
export function checkedEntries<Entry extends { readonly Id: string | undefined }>(
  entries: readonly Entry[] = [],
): readonly Entry[] {
  if (entries.length === 0) throw emptyBatch();
  if (entries.length > MAX_BATCH) throw tooManyEntries(entries.length);
  const ids = entries.map(({ Id = '' }) => Id);
  if (ids.some((id) => !/^[\w-]{1,80}$/.test(id))) throw invalidBatchEntryId();
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw idsNotDistinct(twice);
  return entries;
}

/** A batch succeeds as a whole even where entries of it fail. */
export function eachEntry<Entry extends { readonly Id: string | undefined }, Result extends object>(
  entries: readonly Entry[],
  run: (entry: Entry) => Result,
): { Successful: (Result & { Id: string })[]; Failed?: BatchResultErrorEntry[] } {
  const Successful: (Result & { Id: string })[] = [];
  const Failed: BatchResultErrorEntry[] = [];
  for (const entry of entries) {
    const Id = entry.Id as string;
    try {
      Successful.push({ ...run(entry), Id });
    } catch (error) {
      const { $fault, name, message } = error as SQSServiceException;
      if ($fault === undefined) throw error;
      Failed.push({ Id, SenderFault: $fault === 'client', Code: name, Message: message });
    }
  }
  return Failed.length > 0 ? { Successful, Failed } : { Successful };
}
