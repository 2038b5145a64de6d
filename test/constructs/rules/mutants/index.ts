import { breakers, concurrency, eventSources, horizons, redrives, scalers } from './event-sources.ts';
import { events, ledgers } from './ledgers.ts';
import type { Mutant } from './mutant.ts';
import { deadLetters, deduplication, effects, retries } from './queues.ts';
import { sagas } from './sagas.ts';
import { sending } from './sending.ts';
import { streams } from './streams.ts';
import { visibility } from './visibility.ts';

/** Shops with one thing wrong each. */
export const MUTANTS: readonly Mutant[] = [
  ...deduplication,
  ...retries,
  ...effects,
  ...deadLetters,
  ...visibility,
  ...eventSources,
  ...breakers,
  ...horizons,
  ...redrives,
  ...scalers,
  ...streams,
  ...ledgers,
  ...events,
  ...concurrency,
  ...sending,
  ...sagas,
];
