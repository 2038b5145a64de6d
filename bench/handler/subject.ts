/**
 * One library's handler for one kind of work, in a process of its own as in Lambda, where no other library's calls share its
 * compiled code. It is told a case, then how many rounds of it to run, one after another.
 */
import { once } from 'node:events';
import type { SQSEvent } from 'aws-lambda';
import { measureRound, type RoundTime } from '../rounds.ts';
import { sqsBatch } from './sqs-batch.ts';
import { type Cut, stubbedAws } from './stubbed-aws.ts';
import type { MeasuredHandler, Work } from './workload.ts';

export type LibraryName = 'Waybill' | 'Powertools';

/** What a subject is asked: to make a case ready, or to run a round of it. */
export type Request = { readonly cut: Cut; readonly batch: number; readonly records: number } | 'round';

/** Calls a record, of a case that is ready; or what a round took. */
export type Answer = { readonly calls: number } | RoundTime;

if (process.send) {
  const [name, work] = process.argv.slice(2) as [LibraryName, Work];
  let round: (() => Promise<RoundTime>) | undefined;
  for (;;) {
    const [request] = (await once(process, 'message')) as [Request | 'end'];
    if (request === 'end') break;
    if (request === 'round') process.send((await round?.()) satisfies Answer | undefined);
    else {
      const ready = await prepare(name, work, request);
      ({ round } = ready);
      process.send({ calls: ready.calls } satisfies Answer);
    }
  }
  process.disconnect();
}

async function prepare(name: LibraryName, work: Work, { cut, batch, records }: Exclude<Request, 'round'>) {
  const library = await libraryOf(name, cut);
  const invocations = records / batch;
  // Each invocation of a round has a batch of its own.
  const events = Array.from({ length: invocations }, (_, invocation) =>
    sqsBatch(Array.from({ length: batch }, (_, record) => library.body(work, invocation * batch + record))),
  );
  const handle = library.handlers[work];
  const calls = await callsPerRecord(library, work, events[0] as SQSEvent);
  let next = 0;
  const run = () => handle(events[next++ % events.length] as SQSEvent);
  return { calls, round: () => measureRound(run, invocations, batch) };
}

async function libraryOf(name: LibraryName, cut: Cut): Promise<MeasuredHandler> {
  if (name === 'Waybill') return (await import('./waybill.ts')).waybillHandlers(stubbedAws(cut));
  return (await import('./powertools.ts')).powertoolsHandlers(stubbedAws(cut));
}

/** Also proves that every record is handled: a handler that fails at once would be quick. */
async function callsPerRecord(library: MeasuredHandler, work: Work, event: SQSEvent): Promise<number> {
  const before = library.calls();
  const { batchItemFailures } = await library.handlers[work](event);
  if (batchItemFailures.length > 0) throw new Error(`${library.name} failed ${batchItemFailures.length} records`);
  return (library.calls() - before) / event.Records.length;
}
